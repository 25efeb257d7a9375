"""The keys of the selection, their trends, and the deployments behind them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts
from dashboards.components import chart, deployment_list, metric_card
from dashboards.queries import view
from dashboards.sections import changes

shown = view.current()
grain, lead, rate = shown.grain, shown.value("lead_time"), shown.value("change_failure_rate")

changes.draw(shown)
metric_card.row(shown, metric_card.KEYS, columns=3)

drawn, listed = st.grid(3, min_column_width=340), st.container(border=True)
with listed:
    picked = deployment_list.deployments(shown, "Deployments")

with drawn:
    chart.chart(
        "Lead time for changes",
        f"Median by {grain} of merging, on a log scale. Band: its 95 % interval;"
        f" dashed: {lead.text}, the number above.",
        partial(charts.medians, charts.rows(shown.trend("lead_time"), picked), lead),
        deployment_list.period(shown),
    )
    chart.chart(
        "Change failure rate",
        f"Share that failed, by {grain}. Whiskers: its 95 % interval; dashed: {rate.text}, the number above.",
        partial(
            charts.shares, charts.rows(shown.trend("change_failure_rate"), picked), shown.value("change_failure_rate")
        ),
        deployment_list.period(shown),
    )
    chart.chart(
        "Deployments",
        f"Per {grain}, rollbacks and redeploys apart. Hollow: not a whole {grain}.",
        partial(charts.counts, charts.rows(shown.trend("deployment_frequency"), picked)),
        deployment_list.period(shown),
    )
