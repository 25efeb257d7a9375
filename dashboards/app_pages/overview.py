"""The key metrics of the selection, their trends, and the deployments behind them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts
from dashboards.components import chart, deployment_list, metric_card
from dashboards.queries.view import current
from dashboards.sections import changes

view = current()
grain = view.grain

changes.draw(view)
metric_card.draw_cards(view, metric_card.KEYS, columns=3)

# The list is drawn first because the charts highlight the period that is selected in it.
trends, deployments = st.grid(3, min_column_width=340), st.container(border=True)
with deployments:
    period = deployment_list.draw(view)

with trends:
    lead_time, failure_rate = view.value("lead_time"), view.value("change_failure_rate")
    chart.draw(
        "Lead time for changes",
        f"Median by {grain} of merge, log scale. Band: 95 % CI; dashed: {lead_time.text}, as on the card.",
        partial(charts.medians, charts.rows(view.trend("lead_time"), period), lead_time),
        deployment_list.period_click(view),
    )
    chart.draw(
        "Change failure rate",
        f"Share of deployments that failed, by {grain}. Whiskers: 95 % CI; dashed: {failure_rate.text}, as on the"
        " card.",
        partial(charts.shares, charts.rows(view.trend("change_failure_rate"), period), failure_rate),
        deployment_list.period_click(view),
    )
    chart.draw(
        "Deployments",
        f"Per {grain}, without rollbacks and redeploys. Hollow: incomplete {grain}.",
        partial(charts.counts, charts.rows(view.trend("deployment_frequency"), period)),
        deployment_list.period_click(view),
    )
