"""Rows of the stability page, and its section on whether frequent deployments are safer."""

from __future__ import annotations

from functools import partial

import streamlit as st

import dora
from dashboards import charts
from dashboards.charts import Row
from dashboards.components import chart, deployment_list, list_filters
from dashboards.queries import cache, deployment_lists, text
from dashboards.queries.deployment_lists import DeploymentClass
from dashboards.queries.selection import MIN_OBSERVATIONS
from dashboards.queries.view import View
from dashboards.rows import frames

MAX_ROWS = 50  # of the list of failed deployments
MAX_DOTS = 100  # of a chart with whiskers: more overprint each other
NOT_YET = "not recovered"
NO_LIMIT = 1e99
STOPPED = ("stopped_by_canary", "rejected", "not_deployed", "canceled", "dark")  # outcomes before production
# Hours after which a deployment had not recovered; the curve has a step for each, the list a class.
NOT_RECOVERED = {
    "failed": 0.0, "not recovered after 15 min": 0.25, "not recovered after 1 h": 1.0,
    "not recovered after 4 h": 4.0, "not recovered after 1 d": 24.0, "not recovered after 3 d": 72.0,
    "not recovered after 7 d": 168.0,
}  # fmt: skip


def draw_share_trend(view: View, name: str, verb: str) -> None:
    """Draw a share of deployments by period, for example of those that ``failed``."""
    value, grain = view.value(name), view.grain_of(name)
    rows = charts.trend_rows(view.trend(name), view.events)
    why = "" if grain == view.grain else f", as many a {view.grain} has fewer than {MIN_OBSERVATIONS}"
    chart.draw(
        dora.metrics()[name].title,
        f"Share that {verb}, by {grain}{why}. Whiskers: 95 % CI; dashed: {value.text}, as on the card."
        f" Hollow: incomplete {grain}.",
        partial(charts.share_trend, rows, value, charts.Goal.of(view.goal(name), value))
        if charts.any_value(rows)
        else None,
        deployment_list.period_click(view, grain=grain),
        "No deployment of this selection in this window is old enough to count.",
    )


def recovery_curve(view: View) -> list[Row]:
    """Return the steps of the recovery curve, each with the class of deployments of its last round time."""
    rows = []
    for step in cache.survival_curve(view.build, "recovery_time", view.scope):
        hours = step["value"]
        part = next(name for name, after in reversed(NOT_RECOVERED.items()) if hours >= after)
        rows.append(step | {"hours": hours, "at": text.format_hours(hours), "part": part})
    return rows


def stopped(view: View) -> list[Row]:
    """Return the number of deployments that were stopped before production, by outcome."""
    excluded = view.value("change_failure_rate").excluded
    counts = {name: excluded[name] for name in STOPPED if excluded.get(name)}
    total = sum(counts.values())
    return [
        {"name": name.replace("_", " "), "n": n, "share": n / total, "part": _outcome_class(name)}
        for name, n in counts.items()
    ]


def _outcome_class(outcome: str) -> str:
    return f"outcome: {outcome.replace('_', ' ')}"


def failure_rates_by_batch(view: View) -> list[Row]:
    """Return the share of deployments that failed by the number of changes each shipped."""
    rows = cache.speed_and_safety(view.build, view.scope).sizes
    return [row | {"part": f"{row['name']} change{'s' if row['least'] else ''}"} for row in rows]


def deployment_classes(view: View) -> dict[str, DeploymentClass]:
    """Return the classes of deployments that the charts of the page distinguish, by name."""
    return (
        {name: DeploymentClass("broken", (hours,)) for name, hours in NOT_RECOVERED.items()}
        | {_outcome_class(outcome): DeploymentClass("ended", (outcome,)) for outcome in STOPPED}
        | {
            row["part"]: DeploymentClass("batch", (row["least"], row["below"] or NO_LIMIT))
            for row in failure_rates_by_batch(view)
        }
    )


def failed_deployments(view: View, period: str | None, text: str) -> list[Row]:
    """Return the failed deployments of the window, or of a period of it, that have a text."""
    scope = deployment_list.period_scope(view, period) if period else view.scope
    return [
        row | {"what": frames.evidence(row), "recovered": "not yet" if row["still_failing"] else "yes"}
        for row in deployment_lists.search_observations(view.build, "failed", "change_failure_rate", scope, text)
    ]


def count_evidence(rows: list[Row]) -> dict[str, int]:
    """Return the number of failed deployments by piece of evidence; one may have several."""
    evidence = {words: sum(name in row["evidence"].split() for row in rows) for name, words in frames.EVIDENCE.items()}
    return {list_filters.ALL: len(rows)} | evidence | {NOT_YET: sum(row["still_failing"] for row in rows)}


def has_evidence(row: Row, words: str) -> bool:
    """Return whether a failed deployment is among those that ``count_evidence`` counts under these words."""
    if words == NOT_YET:
        return bool(row["still_failing"])
    return words == list_filters.ALL or words in row["what"].split(", ")


def draw_speed_and_safety(view: View) -> None:
    """Draw whether deploying more often goes with smaller and safer changes, and what a cause would require."""
    analysis = cache.speed_and_safety(view.build, view.scope)
    applications = [
        row | {"label": row["application"] if row["application"] in analysis.outliers else ""}
        for row in analysis.applications
    ]
    # Outliers stay; of the others, those with the widest intervals say least.
    shown = sorted(applications, key=lambda row: (not row["label"], -row["deployments"]))[:MAX_DOTS]
    sample = ""
    if len(shown) < len(applications):
        sample = f" {len(shown):,} of {len(applications):,} shown: outliers, then those with most deployments."
    st.header("Do more frequent deployments go with smaller and safer changes?", anchor=False)
    st.caption("Associations in this selection, not causes. Each statement includes its evidence.")
    between, by_size = st.columns(2)
    with between:
        chart.draw(
            "By deployment frequency",
            "Deployments per day (log scale) against change failure rate, one dot per application with at least"
            f" {analysis.enough} deployments. Whiskers: 95 % CI; named: outliers.{sample}",
            partial(charts.failures_by_frequency, shown) if shown else None,
            deployment_list.application_click(),
            "No application has enough deployments in this window.",
        )
    with by_size:
        rates = failure_rates_by_batch(view)
        chart.draw(
            "By batch size",
            "Change failure rate of deployments that reached full traffic, by number of changes. Whiskers: 95 % CI.",
            partial(charts.failures_by_size, rates) if rates else None,
            deployment_list.class_click("a size"),
            "No deployment of this selection has a known number of changes.",
        )
    silent = analysis.without_evidence
    if said := [reading for name, reading in analysis.readings.items() if name not in silent]:
        st.markdown("\n".join(f"- {reading}" for reading in said))
    if silent:
        with st.expander(f"{len(silent)} of {len(analysis.readings)} questions without evidence either way"):
            st.markdown("\n".join(f"- {analysis.readings[name]}" for name in analysis.readings if name in silent))
    with st.expander("Is this causal?"):
        st.caption("For deployment frequency to be the cause, all of this would have to hold:")
        st.markdown("\n".join(f"- {caveat}" for caveat in analysis.caveats))
