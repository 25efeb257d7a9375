"""How work flows to production: how long it waits and where, how often and how large it goes, what is stuck."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts
from dashboards.components import chart, deployment_list, metric_card, table
from dashboards.components.table import hours, link, number, text, when
from dashboards.queries import text as wording
from dashboards.queries import view
from dashboards.rows import frames
from dashboards.sections import flow

shown = view.current()
grain, lead = shown.grain, shown.value("lead_time")

keys = st.container()
spread, stages = st.columns([3, 2])
below, listed = st.container(), st.container(border=True)
with listed:
    picked = deployment_list.deployments(shown, "Deployments", flow.parts(shown))
with keys:
    metric_card.row(shown, ("lead_time", "deployment_frequency", "batch_size", "approval_wait"))

with spread:
    chart.chart(
        "Lead time, merge to production",
        f"Median by {grain} of merging, open changes counted in, on a log scale. Bands: the middle 50 % and 80 %;"
        f" dashed: {lead.text}, the number above.",
        partial(charts.spreads, flow.spread(shown, picked), lead),
        deployment_list.period(shown),
    )
with stages:
    means = flow.stages(shown)
    chart.chart(
        "Where lead time goes",
        f"Mean per shipped change and stage; means add up (to {wording.hours(sum(row['hours'] for row in means))}),"
        " medians do not.",
        partial(charts.stage_means, means) if means else None,
        deployment_list.part("a stage", "what spent most time in it"),
        "No change of this selection was shipped in this window.",
    )

with below:
    stack, days = st.columns([2, 3])
    with stack:
        chart.chart(
            f"Stages by {grain}",
            f"Mean time of a change in each stage, by {grain} of merging.",
            partial(charts.stage_stack, flow.stages_over_time(shown)),
            deployment_list.period(shown),
        )
    with days:
        chart.chart(
            "Deployments per day",
            "Monday first; darker is more, an empty frame is a day without. Blank: not seen, or outside the window.",
            partial(charts.calendar, flow.days(shown)),
            deployment_list.period(shown, "day"),
        )
    sizes, ages, waits = st.columns(3)
    with sizes:
        chart.chart(
            "Batch size", "Deployments by how many changes each was the first to ship.",
            partial(charts.histogram, flow.batches(shown), "Changes"), deployment_list.part("a size"),
        )  # fmt: skip
    with ages:
        chart.chart(
            "Open changes by age", "Merged and not in production when the data ends, whenever they were merged.",
            partial(charts.histogram, flow.open_ages(shown), "Age", "amber"), flow.age(),
        )  # fmt: skip
    with waits:
        chart.chart(
            "Waits for a yes", "Answered questions to people on the way to production, by how long they waited.",
            partial(charts.histogram, flow.waits(shown), "Wait", "pink"),
            deployment_list.part("a wait", "what waited so long"),
        )  # fmt: skip
    with st.container(border=True, gap="xsmall"):
        heading, choice = st.columns([4, 1], vertical_alignment="bottom")
        with choice:
            stuck = flow.open_changes(shown)
        with heading:
            st.subheader("Oldest open changes", anchor=False)
            st.caption(frames.how_many(stuck, "change") + " merged and not in production, the oldest first")
        if stuck:
            table.table(stuck, shown.zone, {
                "application": text("Application"), "team": text("Team"), "subject": text("Change", width="large"),
                "author": text("Author"), "merged_at": when("Merged", shown.zone),
                "days": number("Open (days)", format="%.1f"), "change_request": text("Request"),
                "short_sha": text("Commit"), "url": link("Git host", "Open"),
            }, "Changes that are merged and not shipped, the oldest first")  # fmt: skip
    with st.container(border=True, gap="xsmall"):
        waited = shown.over("longest_waits", "approval_wait", flow.FEW)
        st.subheader("Longest waits", anchor=False)
        st.caption(
            frames.how_many(waited, "question") + " put to people on the way to production, the longest wait first"
        )
        if waited:
            table.table(waited, shown.zone, {
                "application": text("Application"), "prompt": text("Question", width="large"), "decided_by": text("By"),
                "decision": text("Answer"), "started_at": when("Asked", shown.zone), "hours": hours("Waited"),
            }, "Questions with the longest waits", button=table.opens("waits"))  # fmt: skip
