"""Charts of a notebook: the package that draws them, and how they show."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

from dora.errors import DoraError

ENTRY_POINTS = "delivery_metrics.charts"
THEME = "delivery_metrics"  # which the module of the entry point registers


def load_drawing() -> Callable[[Any], Any]:
    """Return what draws the values of a result: the first entry point of ``delivery_metrics.charts``.

    Raises ``DoraError`` if none is installed.
    """
    # An entry point, so that dora imports nothing from dashboards, which imports dora.
    entry_points = metadata.entry_points(group=ENTRY_POINTS)
    if not entry_points:
        raise DoraError("No package that draws charts is installed.", "install delivery-metrics again.")
    draw: Callable[[Any], Any] = next(iter(entry_points)).load()
    return draw


def enable_svg_charts() -> None:
    """Let a notebook show every Altair chart as SVG in one theme, which a git host shows too.

    Needs the extra ``report``. Raises ``DoraError`` if no package that draws charts is installed.
    """
    import altair  # noqa: PLC0415 - takes a second, which commands must not pay

    load_drawing()
    altair.theme.enable(THEME)
    altair.renderers.enable("svg")
