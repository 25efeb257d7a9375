"""The key metrics of the selection, their trends, and the deployments behind them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts
from dashboards.components import brief, chart, denominators, deployment_list, metric_card
from dashboards.queries.view import current
from dashboards.sections import changes, serving, stability
from dora import Delivery

view = current()
brief.draw(view)
changes.draw(view)
rows = chart.Rows("cards", "trends", "lanes")
with rows.draw("cards"):
    st.header("Throughput", anchor=False)
    metric_card.draw_cards(view, Delivery.dimensions["throughput"])
    unstable, canaries = st.columns((2, 1))
    with unstable:
        st.header("Instability", anchor=False)
        metric_card.draw_cards(view, Delivery.dimensions["instability"])
    with canaries:
        st.header("Canary analysis", anchor=False)
        metric_card.draw_cards(view, ["canary_pass_rate"])
    denominators.draw(view, Delivery.key_metrics)

# The list is drawn before the charts because they highlight the period that is selected in it.
with rows.place.container(border=True, key="deployments"):
    deployment_list.draw(view)

with rows.draw("trends"), st.grid(3, min_column_width=340):
    lead_time = view.value("lead_time")
    chart.draw(
        "Lead time for changes",
        f"Median by {view.grain} of merge, log scale. Band: 95 % CI; dashed: {lead_time.text}, as on the card.",
        partial(
            charts.median_trend,
            charts.trend_rows(view.trend("lead_time"), view.events),
            lead_time,
            charts.Goal.of(view.goal("lead_time"), lead_time),
        ),
        deployment_list.period_click(view),
    )
    stability.draw_share_trend(view, "change_failure_rate", "failed")
    chart.draw(
        "Deployments",
        f"Per {view.grain}, without rollbacks and redeploys. Hollow: incomplete {view.grain}.",
        partial(charts.count_trend, charts.trend_rows(view.trend("deployment_frequency"), view.events)),
        deployment_list.period_click(view),
    )

with rows.draw("lanes"):
    serving.draw(view)
