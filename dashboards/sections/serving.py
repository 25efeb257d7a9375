"""What ran where: what each target of the selected application served, and the deployments that changed it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts
from dashboards.charts import DEPLOYMENT_FIELD
from dashboards.components import chart, table
from dashboards.components.chart import Click
from dashboards.components.table import text
from dashboards.queries import cache
from dashboards.queries import text as wording
from dashboards.queries.view import View
from dashboards.rows import serving

MAX_LANES, MAX_BARS = 20, 400
COLUMNS = {
    "target": text("Target"), "version": text("Version", width="medium"), "commit": text("Commit"),
    "state": text("State"), "start_text": text("From"), "end_text": text("To"), "kind": text("Kind"),
    "outcome": text("Outcome"),
}  # fmt: skip


def draw(view: View) -> None:
    """Draw the lanes of the selected application; nothing if the selection has several."""
    application = view.selected_application
    if application is None:
        return
    start, end = (wording.to_utc(moment, view.zone) for moment in view.window_bounds)
    rows = cache.fetch_rows(view.build, "serving", application, start, end, MAX_LANES, MAX_BARS)
    begins = rows[0]["drawn_from"] if rows else start
    drawn = serving.bars_and_marks(rows, begins, end, view.zone)
    first, last = (serving.iso(moment, view.zone) for moment in (begins, end))
    chart.draw(
        "What ran where",
        f"{serving.summary(rows, start, MAX_LANES, view.zone)} A colour is a content, a thin bar content that waits"
        " without traffic, a triangle a rollback, a cross a failed deployment.",
        partial(charts.serving_lanes, drawn, first, last, view.events) if drawn else None,
        Click(DEPLOYMENT_FIELD, "Click a bar or mark to open its deployment.", table.open_deployment),
        "No target of this application served anything in this window.",
    )
    if drawn:
        with st.expander("What ran where, as a table"):
            latest_first = sorted(drawn, key=lambda row: row["start"], reverse=True)
            lines = [row | {"deployment_id": row["deployment"]} for row in latest_first]
            table.draw(lines, view.zone, COLUMNS, "What ran where, latest first", button=table.open_button("served"))
