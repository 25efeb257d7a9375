"""How well canaries predict production: results against outcomes, scores, deciding metrics, cost and coverage."""

from __future__ import annotations

import streamlit as st

from dashboards.charts import canary as charts
from dashboards.components import chart, deployment_list
from dashboards.components.section import section
from dashboards.components.stat_tile import Tile, draw_tiles
from dashboards.queries import canaries as queries
from dashboards.queries.view import current
from dashboards.rows import canaries as rows
from dashboards.sections import lists

view = current()
canaries = queries.summary(view.build, view.scope)
cells = queries.cells(view.build, view.scope)

summary = st.container()
charts_of = chart.Rows("results", "rates", "costs")
# The list is drawn first because a browser that receives a whole page at once shows its table last.
if canaries.canaries:
    with charts_of.place.container(border=True, key="analyses"):
        lists.draw_canaries(view, canaries, cells)

points = [rows.point(row, view.zone) for row in queries.points(view.build, view.scope, rows.MAX_POINTS)]
threshold = queries.pass_threshold(view.build, view.scope) or rows.DEFAULT_PASS_THRESHOLD
rates, metrics = rows.failure_rates(canaries.bins), rows.deciding_metrics(canaries.metrics)
costs, coverage = rows.lead_time_costs(canaries.cost.by_application), rows.coverage(canaries.coverage)

with summary, section("Summary"):
    draw_tiles([Tile(*figure) for figure in canaries.figures])
    with st.expander("The same in sentences"):
        for sentence in canaries.sentences:
            st.text(sentence)

with charts_of.draw("results"), st.grid(2, min_column_width=420):
    chart.draw(
        "Canary result vs. production outcome",
        "Canaries, and their share of each result. Failed later: rolled back, fixed forward, an incident or a failed"
        " deploy.",
        charts.results_by_outcome(rows.results_by_outcome(cells)) if cells else None,
        lists.canary_click("a cell"),
        "No canary analysis.",
    )
    sample = f" {len(points):,} of {canaries.canaries:,} shown." if len(points) < canaries.canaries else ""
    chart.draw(
        "Canary score over time",
        f"Each canary by the outcome of its deployment. Shaded: below the pass threshold of {threshold:.0f}.{sample}",
        charts.scores(points, threshold, view.events) if points else None,
        lists.deployment_click(),
        "No canary has a score.",
    )
with charts_of.draw("rates"), st.grid(2, min_column_width=420):
    chart.draw(
        "Failure rate by canary score",
        "Share of deployments that failed later, among those that reached production. Whiskers: 95 % CI.",
        charts.failure_rates(rates) if rates else None,
        lists.canary_click("a score"),
        "No deployment with a canary is old enough to know its outcome.",
    )
    chart.draw(
        "Deciding metrics",
        "How often each metric failed. It decided if the canary would have passed without its failure.",
        charts.deciding_metrics(metrics) if metrics else None,
        lists.canary_click("a bar", "the canaries in which the metric failed"),
        "No source reports the metrics of its canaries.",
    )
slowest = f", of the {rows.MAX_APPLICATIONS} slowest of {len(canaries.cost.by_application):,} applications"
slowest = slowest if len(canaries.cost.by_application) > rows.MAX_APPLICATIONS else ""
with charts_of.draw("costs"), st.grid(2, min_column_width=420):
    chart.draw(
        "Lead-time cost",
        f"Mean minutes from merge to full traffic, of changes that waited for a canary{slowest}.",
        charts.lead_time_costs(costs) if costs else None,
        deployment_list.application_click(),
        "No shipped change waited for a canary.",
    )
    chart.draw(
        "Coverage",
        "Share of production deployments with a canary analysis. Whiskers: 95 % CI. Applications with one: at most"
        f" {rows.MAX_APPLICATIONS}, lowest share; without one: the {rows.MAX_WITHOUT} that deploy most.",
        charts.coverage(coverage) if coverage else None,
        deployment_list.application_click(),
        "No production deployments.",
    )
