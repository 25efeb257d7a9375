"""What failed, on what evidence, how fast it recovered, and whether frequent deployments are safer."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts
from dashboards.components import chart, denominators, deployment_list, list_filters, metric_card, table
from dashboards.components.section import section
from dashboards.components.table import hours, link, local_time, number, text
from dashboards.queries.view import current
from dashboards.rows import frames
from dashboards.sections import stability

view = current()
rows = chart.Rows("cards", "failures", "rework", "list", "frequency")
# The list is drawn first because the charts highlight the period that is selected in it.
with rows.place.container(border=True, key="deployments"):
    period = deployment_list.draw(view, stability.deployment_classes(view))
with rows.draw("cards"):
    rates = ("change_failure_rate", "rework_rate")
    names = (*rates, "recovery_time", "detection_time", "repair_time", "time_to_restore")
    metric_card.draw_cards(view, names, 3)
    denominators.draw(view, names)

with rows.draw("failures"):
    failure_column, recovery_column = st.columns(2)
    with failure_column:
        stability.draw_share_trend(view, "change_failure_rate", "failed")
    with recovery_column:
        recovery, steps = view.value("recovery_time"), stability.recovery_curve(view)
        chart.draw(
            "Time to recovery (share not yet recovered)",
            f"Kaplan–Meier estimate over failed deployments, {recovery.open} of them pending. Band: 95 % CI; dashed:"
            " half.",
            partial(charts.survival_curve, steps) if steps else None,
            deployment_list.class_click(
                "a step", "what had not recovered by then (after 15 min, 1 h, 4 h, 1 d, 3 d or 7 d)"
            ),
            "No failed deployment of this selection recovered in this window.",
        )
with rows.draw("rework"):
    rework_column, stopped_column = st.columns(2)
    with rework_column:
        stability.draw_share_trend(view, "rework_rate", "were rollbacks, hotfixes or fix-forwards")
    with stopped_column:
        stopped = stability.stopped(view)
        chart.draw(
            "Stopped before production",
            "Deployments that never received full traffic, by outcome. Not counted as failures.",
            partial(charts.histogram, stopped, "Outcome", "green") if stopped else None,
            deployment_list.class_click("a bar"),
            "Every deployment of this selection received traffic.",
        )
with rows.draw("list"), section("Failed deployments", key="failures"):
    summary = st.empty()
    search, pills = st.columns([3, 5], vertical_alignment="center")
    with search:
        failed = stability.failed_deployments(view, period, list_filters.draw_search("search_failed"))
    with pills:
        words = list_filters.draw_pills("Evidence", "evidence", stability.count_evidence(failed))
    failed = [row for row in failed if stability.has_evidence(row, words)]
    count = frames.count_shown(len(failed), stability.MAX_ROWS, "failed deployment")
    summary.caption(f"{count}, latest first · open one for its evidence")
    if failed:
        table.draw(failed[: stability.MAX_ROWS], view.zone, {
            "happened_at": local_time("Deployed", view.zone), "application": text("Application"),
            "team": text("Team"), "kind": text("Kind"), "short_commit": text("Commit"),
            "batch": number("Changes", format="%d"), "what": text("Evidence"), "severity": text("Severity"),
            "incident": text("Incident", width="medium"), "recovered": text("Recovered"),
            "recovered_hours": hours("Time to recovery"), "url": link("Pipeline", "Open in Deck"),
        }, "Failed deployments, latest first", button=table.open_button("failed"))  # fmt: skip

with rows.draw("frequency"), st.container(border=True):
    stability.draw_speed_and_safety(view)
