"""Rows of the flow page: lead time and its stages, days, batch sizes, ages and approval waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import streamlit as st

from dashboards import charts
from dashboards.charts import Row
from dashboards.components import chart, list_filters, table
from dashboards.components.chart import Click
from dashboards.queries import cache, text
from dashboards.queries.deployment_lists import DeploymentClass
from dashboards.queries.view import View
from dora import Scope

MAX_ROWS = 20  # of the lists of changes and approvals
YEAR = 371  # days: 53 whole weeks, the most that the calendar has room for
AGE, ANY_AGE = "age", "any age"
NO_LIMIT = 1e99
# Classes of values by the lowest value of each; they are the names on the axes and in the address.
SIZES = {"none": 0, "1": 1, "2": 2, "3": 3, "4–5": 4, "6–9": 6, "10 or more": 10}
HOURS = {"< 15 min": 0, "< 1 h": 0.25, "< 4 h": 1, "< 1 d": 4, "< 3 d": 24, "< 7 d": 72, "≥ 7 d": 168}
SIZE_NAMES = {"none": "no change", "1": "1 change"}


def age_click() -> Click:
    """Return a click on an age that lists the changes of it."""
    return chart.toggle(charts.CLASS_FIELD, "Click an age to list its changes below.", AGE, ANY_AGE)


def lead_time_quantiles(view: View) -> list[Row]:
    """Return the quantiles of every period of the window; null while too many of its changes are pending."""
    values = view.trend("lead_time")
    return [
        row | {name: getattr(value.spread, name, None) for name in ("p10", "p25", "p75", "p90")} | {"p50": value.value}
        for row, value in zip(charts.trend_rows(values, view.events), values, strict=True)
    ]


def stages(view: View) -> list[Row]:
    """Return the stages of the shipped changes from their first commit to full traffic, by total hours, longest first.

    Each has its mean, the cumulative share, and the class of deployments that it held up longest.
    """
    rows, cumulative = [], 0.0
    for row in view.query_observations("change_stages", "lead_time"):
        share = row["share"] or 0.0
        cumulative += share
        rows.append(row | {
            "share": share, "cumulative": cumulative, "part": f"longest stage: {row['stage']}",
            "label": f"{row['total']:,.0f} h · {share * 100:.0f} %", "text": text.format_hours(row["mean"]),
        })  # fmt: skip
    return rows


def stages_caption(rows: list[Row]) -> str:
    """Return what the strip of stages shows: means that add up to the mean lead time, and those before the merge."""
    after, before = ([row for row in rows if row["before_merge"] is known] for known in (False, True))
    mean = text.format_hours(sum(row["mean"] for row in after))
    caption = (
        f"Mean per shipped change. The means of the stages add up to the mean lead time of {mean}; medians would not."
    )
    if not before:
        return f"{caption} Stages before the merge are not known: no change has a pull request with its times."
    requested = text.format_count(before[0]["n"], "change")
    mean = text.format_hours(sum(row["mean"] for row in before))
    return f"{caption} Left of the merge, not part of lead time: {mean}, of {requested} with a pull request."


def stages_over_time(view: View) -> list[Row]:
    """Return the mean of each stage by period."""
    partial = {row["start"]: row["partial"] for row in charts.trend_rows(view.trend("lead_time"))}
    rows = view.query_trend("lead_stages", "lead_time")
    return charts.with_events([_stage(row) | {"partial": partial[row["start"]]} for row in rows], view.events)


def _stage(row: Row) -> Row:
    return row | {"text": text.format_hours(row["hours"]), "share": row["share"] or 0.0}


def batch_sizes(view: View) -> list[Row]:
    """Return the number of deployments by the number of changes each shipped."""
    rows = view.query_observations("classes", "batch_size", *_classes(SIZES), False)
    return [row | {"part": SIZE_NAMES.get(row["name"], f"{row['name']} changes")} for row in rows]


def approval_waits(view: View) -> list[Row]:
    """Return the number of approvals by the time from prompt to decision."""
    rows = view.query_observations("classes", "approval_wait", *_classes(HOURS), False)
    return [row | {"part": f"approval wait {row['name']}"} for row in rows]


def deployment_classes(view: View) -> dict[str, DeploymentClass]:
    """Return the classes of deployments that the charts of the page distinguish, by name."""
    return (
        {row["part"]: DeploymentClass("batch", (row["low"], row["high"])) for row in batch_sizes(view)}
        | {row["part"]: DeploymentClass("stage", (row["stage"],)) for row in stages(view)}
        | {row["part"]: DeploymentClass("wait", (row["low"], row["high"])) for row in approval_waits(view)}
    )


def days(view: View) -> list[Row]:
    """Return one row per day of the window, at most of its last year; n is null for days without data."""
    scope = replace(view.window_scope, every="day")
    if (view.selection.days or view.about.history.days) > YEAR:
        scope = replace(scope, since=f"{YEAR}d", until=None)
    events: dict[str, str] = {}
    for event in view.events:
        events[event["day"]] = "; ".join(filter(None, (event["title"], events.get(event["day"]))))
    rows = []
    for value in cache.values(view.build, "deployment_frequency", scope):
        if value.period is not None:
            week = value.period - timedelta(days=value.period.weekday())
            starts = {"day": value.period, "week": week, "month": value.period.replace(day=1)}
            rows.append({
                "week": f"{week:%Y-%m-%d}", "start": f"{starts[view.grain]:%Y-%m-%d}",
                "weekday": f"{value.period:%a}", "day": f"{value.period:%-d %b %Y}",
                "n": None if value.value is None else value.n, "state": value.incomplete or "complete",
                "event": events.get(f"{value.period:%Y-%m-%d}", charts.NO_EVENT),
            })  # fmt: skip
    return rows


def pending_ages(view: View) -> list[Row]:
    """Return the number of changes awaiting deployment by age, whenever they were merged."""
    rows = cache.query_observations(view.build, "classes", "lead_time", _all_time(view), *_classes(HOURS), True)
    return [row | {"part": row["name"]} for row in rows]


def pending_changes(view: View) -> list[Row]:
    """Return the oldest changes awaiting deployment, of the age that is selected here, with their links."""
    ages = {row["part"]: (row["low"], row["high"]) for row in pending_ages(view)}
    age = st.selectbox("Age", [ANY_AGE, *ages], key=AGE, bind="query-params")
    low, high = ages.get(age, (0.0, NO_LIMIT))
    searched = list_filters.draw_search("search_waiting")
    scope, limits = _all_time(view), (low, high, searched, MAX_ROWS)
    rows = cache.query_observations(view.build, "open_changes", "lead_time", scope, *limits)
    return [row | {"url": table.commit_link(row["repository"], row["sha"])} for row in rows]


def _classes(lows: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...]]:
    """Return names, lowest values and upper bounds of classes, as classes.sql takes them."""
    bounds = tuple(lows.values())
    return tuple(lows), bounds, (*bounds[1:], NO_LIMIT)


def _all_time(view: View) -> Scope:
    return replace(view.window_scope, since=None, until=None)
