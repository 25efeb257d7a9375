"""What failed, on what evidence, how fast it recovered, and whether deploying more often goes with safer changes."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts
from dashboards.components import chart, deployment_list, metric_card, table
from dashboards.components.table import hours, link, number, text, when
from dashboards.queries import view
from dashboards.rows import frames
from dashboards.sections import stability

shown = view.current()
grain, rate, recovery = shown.grain, shown.value("change_failure_rate"), shown.value("recovery_time")

keys, above = st.container(), st.container()
claimed, listed = st.container(border=True), st.container(border=True)
with listed:
    picked = deployment_list.deployments(shown, "Deployments", stability.parts(shown))
with keys:
    metric_card.row(shown, ("change_failure_rate", "recovery_time", "rework_rate", "time_to_restore"))

with above:
    failing, curve = st.columns(2)
    with failing:
        chart.chart(
            "Change failure rate",
            f"Share that failed, by {grain}. Whiskers: its 95 % interval; dashed: {rate.text}, the number above.",
            partial(charts.shares, charts.rows(shown.trend("change_failure_rate"), picked), rate),
            deployment_list.period(shown),
        )
    with curve:
        steps = stability.curve(shown)
        chart.chart(
            "Still broken after …",
            f"Share of failed deployments not recovered so long after they failed (Kaplan–Meier, {recovery.open} still"
            " open). Band: its 95 % interval; dashed: half.",
            partial(charts.survival, steps) if steps else None,
            deployment_list.part(
                "a step", "what was broken for the longest of 15 min, 1 h, 4 h, 1 d, 3 d and 7 d that it had passed"
            ),
            "No failed deployment of this selection has recovered in this window.",
        )
    rework, caught = st.columns(2)
    with rework:
        chart.chart(
            "Deployment rework rate",
            f"Share of deployments that were rollbacks, hotfixes or fixes forward, by {grain}. Whiskers: 95 %.",
            partial(charts.shares, charts.rows(shown.trend("rework_rate"), picked), shown.value("rework_rate")),
            deployment_list.period(shown),
        )
    with caught:
        stopped = stability.caught(shown)
        chart.chart(
            "Caught before they served",
            "Attempts that never took full traffic, by what ended them. They are no failures and stand in no share.",
            partial(charts.histogram, stopped, "Ended by", "green") if stopped else None,
            deployment_list.part("a bar"),
            "Every attempt of this selection took traffic.",
        )
    with st.container(border=True, gap="xsmall"):
        failed = stability.failed(shown, picked)
        st.subheader("Failed deployments and their evidence", anchor=False)
        st.caption(frames.how_many(failed, "failed deployment") + ", the latest first · open one for the whole story")
        if failed:
            table.table(failed, shown.zone, {
                "happened_at": when("Deployed", shown.zone), "application": text("Application"), "team": text("Team"),
                "kind": text("Kind"), "short_commit": text("Commit"), "batch": number("Changes", format="%d"),
                "what": text("Evidence"), "severity": text("Severity"), "incident": text("Incident", width="medium"),
                "recovered": text("Recovered"), "recovered_hours": hours("After"),
                "url": link("Pipeline", "Open in Deck"),
            }, "Failed deployments with their evidence, the latest first", button=table.opens("failed"))  # fmt: skip

with claimed:
    stability.claim(shown)
