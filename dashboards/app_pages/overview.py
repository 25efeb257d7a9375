"""The keys of the selection, their trends, and the deployments behind them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import cards, charts, drawing, drill, moved, view

shown = view.current()
grain, lead, rate = shown.grain, shown.value("lead_time"), shown.value("change_failure_rate")

moved.draw(shown)
cards.row(shown, cards.KEYS, columns=3)

drawn, listed = st.grid(3, min_column_width=340), st.container(border=True)
with listed:
    picked = drill.deployments(shown, "Deployments")

with drawn:
    drawing.chart(
        "Lead time for changes",
        f"Median by {grain} of merging, on a log scale. Band: its 95 % interval;"
        f" dashed: {lead.text}, the number above.",
        partial(charts.medians, charts.rows(shown.trend("lead_time"), picked), lead),
        drill.period(shown),
    )
    drawing.chart(
        "Change failure rate",
        f"Share that failed, by {grain}. Whiskers: its 95 % interval; dashed: {rate.text}, the number above.",
        partial(
            charts.shares, charts.rows(shown.trend("change_failure_rate"), picked), shown.value("change_failure_rate")
        ),
        drill.period(shown),
    )
    drawing.chart(
        "Deployments",
        f"Per {grain}, rollbacks and redeploys apart. Hollow: not a whole {grain}.",
        partial(charts.counts, charts.rows(shown.trend("deployment_frequency"), picked)),
        drill.period(shown),
    )
