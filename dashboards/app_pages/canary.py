"""What canaries are worth: verdict against outcome, scores over time, which metrics decide, cost and coverage."""

from __future__ import annotations

import streamlit as st

from dashboards.charts import canary as charts
from dashboards.components import chart, deployment_list
from dashboards.queries import cache, view
from dashboards.rows import canaries
from dashboards.sections import lists

shown = view.current()
told = cache.canaries(shown.build, shown.now)
points, passes = canaries.points(told.rows, shown.zone), canaries.passes(told.rows)
bins, deciding = canaries.bins(told.bins), canaries.deciding(told.metrics)
costs, covers = canaries.costs(told.cost.by_application), canaries.covers(told.coverage)

with st.container(border=True, gap="xsmall"):
    st.subheader("What they are worth", anchor=False)
    for sentence in told.sentences:
        st.text(sentence)

with st.grid(2, min_column_width=420):
    chart.chart(
        "Verdict against outcome",
        "Canaries, and their share of the verdict's. Failed later: rolled back, fixed forward, an incident, or broken.",
        charts.against(canaries.against(told.rows)) if told.rows else None,
        lists.canary("a cell"),
        "No canary analysis ran.",
    )
    chart.chart(
        "Score and what became of it",
        f"Each canary when it was judged; shaded: below the pass mark of {passes:.0f}."
        f" {f'{len(points):,} of {told.canaries:,} drawn.' if len(points) < told.canaries else ''}",
        charts.scores(points, passes) if points else None,
        lists.one(),
        "No canary was given a score.",
    )
    chart.chart(
        "Whether a lower score means more failures",
        "Share of deployments that failed later, by score, where the deployment went on. Whiskers: 95 % interval.",
        charts.calibration(bins) if bins else None,
        lists.canary("a score"),
        "No deployment that a canary judged has gone on for long enough.",
    )
    chart.chart(
        "Which metrics decide",
        "How often each metric failed. It decided where its passing would have let the deployment go on.",
        charts.deciding(deciding) if deciding else None,
        lists.canary("a bar", "where it failed"),
        "No source told how the metrics came out.",
    )
    chart.chart(
        "What it costs",
        "Mean minutes from merge to full traffic, of changes that waited for a canary.",
        charts.cost(costs) if costs else None,
        deployment_list.application(),
        "No change that shipped had waited for a canary.",
    )
    chart.chart(
        "Who has one",
        "Share of production deployments that a canary judged, with its 95 % interval; of those that never had one the"
        f" {canaries.WITHOUT} that deploy most.",
        charts.coverage(covers) if covers else None,
        deployment_list.application(),
        "Nothing was deployed.",
    )

if told.rows:
    with st.container(border=True):
        lists.canaries(shown.build, told, shown.zone)
