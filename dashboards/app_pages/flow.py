"""How work flows to production: lead time and its stages, frequency, batch size, pending changes, approvals."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts
from dashboards.components import chart, denominators, deployment_list, metric_card, table
from dashboards.components.section import section
from dashboards.components.table import hours, link, local_time, number, text
from dashboards.queries.view import current
from dashboards.rows import frames
from dashboards.sections import flow

view = current()
grain = view.grain

rows = chart.Rows("cards", "lead time", "days", "classes", "waits")
# The list is drawn first because the charts highlight the period that is selected in it.
with rows.place.container(border=True, key="deployments"):
    deployment_list.draw(view, flow.deployment_classes(view))
with rows.draw("cards"):
    names = ("lead_time", "deployment_frequency", "batch_size", "approval_wait")
    metric_card.draw_cards(view, names)
    denominators.draw(view, names)

with rows.draw("lead time"):
    lead_time_column, stages_column = st.columns([3, 2])
    with lead_time_column:
        lead_time, quantiles = view.value("lead_time"), flow.lead_time_quantiles(view)
        chart.draw(
            "Lead time for changes",
            f"Median by {grain} of merge, pending changes included, log scale. Bands: the middle 50 % and 80 %;"
            f" dashed: {lead_time.text}, as on the card.",
            partial(
                charts.quantile_trend,
                quantiles,
                lead_time,
                charts.Goal.of(view.goal("lead_time"), lead_time),
            )
            if charts.any_value(quantiles)
            else None,
            deployment_list.period_click(view),
            "No change of this selection was merged in this window.",
        )
    stages = flow.stages(view)
    by_stage = deployment_list.class_click("a stage", "the deployments that it held up longest")
    before = ", before the merge too" if any(stage["before_merge"] for stage in stages) else ""
    with stages_column:
        chart.draw(
            "Lead time by stage",
            f"Where changes wait{before}: hours of all shipped changes in total, longest first; line: cumulative.",
            partial(charts.stage_pareto, stages) if stages else None,
            by_stage,
            "No change of this selection was shipped in this window.",
        )
    if stages:
        chart.draw(
            "From first commit to traffic", flow.stages_caption(stages), partial(charts.stage_strip, stages), by_stage
        )

with rows.draw("days"):
    stack, days = st.columns([2, 3])
    with stack:
        chart.draw(
            f"Lead time by stage and {grain}",
            f"Mean per shipped change, by {grain} of merge. Pale: incomplete {grain}.",
            partial(charts.stage_stack, flow.stages_over_time(view)) if stages else None,
            deployment_list.period_click(view),
            "No change of this selection was shipped in this window.",
        )
    with days:
        chart.draw(
            "Deployments per day",
            "Strong colour: many; empty frame: none; blank: no data, or outside the window. Weeks start on Monday.",
            partial(charts.calendar, flow.days(view)),
            deployment_list.period_click(view, "day"),
        )
with rows.draw("classes"):
    sizes, ages, waits = st.columns(3)
    with sizes:
        chart.draw(
            "Batch size", "Deployments by the number of changes that each shipped first.",
            partial(charts.histogram, flow.batch_sizes(view), "Changes"), deployment_list.class_click("a size"),
        )  # fmt: skip
    with ages:
        chart.draw(
            "Changes awaiting deployment", "Merged but not in production at the end of the data, by age.",
            partial(charts.histogram, flow.pending_ages(view), "Age", "amber"), flow.age_click(),
        )  # fmt: skip
    with waits:
        chart.draw(
            "Approval wait", "Answered approval prompts of production deployments, by time to the decision.",
            partial(charts.histogram, flow.approval_waits(view), "Approval wait", "pink"),
            deployment_list.class_click("a wait"),
        )  # fmt: skip
with rows.draw("waits"):
    with st.container(border=True, gap="xsmall", key="pending"):
        heading, choice = st.columns([2, 1])
        with choice:
            pending = flow.pending_changes(view)
        with heading:
            st.header("Oldest changes awaiting deployment", anchor=False)
            st.caption(f"{frames.count_listed(pending, 'change')}, oldest first, whenever they were merged")
        if pending:
            table.draw(pending, view.zone, {
                "application": text("Application"), "team": text("Team"), "subject": text("Change", width="large"),
                "author": text("Author"), "merged_at": local_time("Merged", view.zone),
                "days": number("Age (days)", format="%.1f"), "change_request": text("Pull request"),
                "short_sha": text("Commit"), "url": link("Git host", "Open"),
            }, "Changes awaiting deployment, oldest first")  # fmt: skip
    approvals = view.query_observations("longest_waits", "approval_wait", flow.MAX_ROWS)
    with section("Longest approvals", f"{frames.count_listed(approvals, 'approval prompt')}, longest wait first"):
        if approvals:
            table.draw(approvals, view.zone, {
                "application": text("Application"), "prompt": text("Approval prompt", width="large"),
                "decided_by": text("Decided by"), "decision": text("Decision"),
                "started_at": local_time("Prompted", view.zone), "hours": hours("Approval wait"),
            }, "Approval prompts with the longest waits", button=table.open_button("waits"))  # fmt: skip
