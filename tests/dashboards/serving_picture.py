"""Draws the history of docs/what-serves.md as the dashboard would: ``make pictures``.

Run: ``python -m tests.dashboards.serving_picture``. Writes docs/what-serves.svg from the scenario what_serves_where.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from dashboards import charts
from dashboards.queries import builds
from dashboards.report import chart_images
from dashboards.rows import serving
from tests.conftest import ROOT, Facts, built, read_scenario

PICTURE = ROOT / "docs" / "what-serves.svg"
WIDTH = 860  # pixels
START, END = datetime(2026, 3, 2, 8), datetime(2026, 3, 7)


def draw(folder: Path) -> bytes:
    """Build the scenario in a folder and return its picture as SVG."""
    delivery = built(folder, Facts(**read_scenario("what_serves_where")))
    rows = delivery.sql(builds.read_sql("serving"), ["shop", START, END, 20, 600])
    drawn = serving.bars_and_marks(rows, START, END, "UTC")
    bounds = [serving.iso(moment, "UTC") for moment in (START, END)]
    chart = charts.serving_lanes(drawn, *bounds)
    # Fonts differ from browser to browser: the names of the lanes need room for the widest.
    return chart_images.render(chart.properties(padding={"left": 30, "top": 5, "right": 5, "bottom": 5}), width=WIDTH)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        PICTURE.write_bytes(draw(Path(name)))
