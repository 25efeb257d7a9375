"""The key metrics of the selection, their trends, and the deployments behind them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts
from dashboards.components import brief, chart, denominators, deployment_list, metric_card
from dashboards.queries.view import current
from dashboards.sections import changes, serving, stability
from dora import Delivery

DAYS = {"day": 1, "week": 7, "month": 365.25 / 12}

view = current()
brief.draw(view)
rows = chart.Rows("cards", "changes", "trends", "lanes")
with rows.draw("changes"):
    changes.draw(view)
with rows.draw("cards"):
    st.header("Throughput", anchor=False)
    metric_card.draw_cards(view, Delivery.dimensions["throughput"])
    st.header("Instability and canary analysis", anchor=False)
    metric_card.draw_cards(view, [*Delivery.dimensions["instability"], "canary_pass_rate"])
    denominators.draw(view, Delivery.key_metrics)

# The list is drawn before the charts because they highlight the period that is selected in it.
with rows.place.container(border=True, key="deployments"):
    deployment_list.draw(view)

with rows.draw("trends"), st.grid(3, min_column_width=340):
    lead_time, changes_by_period = view.value("lead_time"), charts.trend_rows(view.trend("lead_time"), view.events)
    chart.draw(
        "Lead time for changes",
        f"Median by {view.grain} of merge, log scale. Band: 95 % CI; dashed: {lead_time.text}, as on the card.",
        partial(
            charts.median_trend,
            changes_by_period,
            lead_time,
            charts.Goal.of(view.goal("lead_time"), lead_time),
        )
        if charts.any_value(changes_by_period)
        else None,
        deployment_list.period_click(view),
        "No change of this selection was merged in this window.",
    )
    stability.draw_share_trend(view, "change_failure_rate", "failed")
    deployments = charts.trend_rows(view.trend("deployment_frequency"), view.events)
    goal = charts.Goal.of(view.goal("deployment_frequency"), view.value("deployment_frequency"))
    chart.draw(
        "Deployments",
        f"Per {view.grain}, without rollbacks and redeploys. Hollow: incomplete {view.grain}.",
        partial(charts.count_trend, deployments, goal and goal.per(DAYS[view.grain]))
        if charts.any_value(deployments)
        else None,
        deployment_list.period_click(view),
        "No deployment of this selection in this window.",
    )

with rows.draw("lanes"):
    serving.draw(view)
