"""What the flow page draws: spreads, stages, days and ages, as rows for charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import streamlit as st

from dashboards import charts
from dashboards.charts import Row
from dashboards.components import chart, links
from dashboards.components.chart import Click
from dashboards.queries import cache, text
from dashboards.queries.cache import Part
from dashboards.queries.view import View
from dora import Scope, Value

FEW = 20
YEAR = 371  # days of whole weeks
AGE, ANY_AGE, FOREVER = "age", "any time", 1e99
SIZES = {"none": 0, "1": 1, "2": 2, "3": 3, "4–5": 4, "6–9": 6, "10 or more": 10}  # where each class begins
HOURS = {"< 15 min": 0, "< 1 h": 0.25, "< 4 h": 1, "< 1 d": 4, "< 3 d": 24, "< 7 d": 72, "7 d on": 168}


def age() -> Click:
    """A click on an age of open changes, which are listed then."""
    return chart.choosing(charts.PART, "Click an age to list it below.", AGE, ANY_AGE)


def spread(shown: View, picked: str | None) -> list[Row]:
    """Every period of the window with the quantiles of its changes, null where that many are still open."""
    values = shown.trend("lead_time")
    return [row | _quantiles(value) for row, value in zip(charts.rows(values, picked), values, strict=True)]


def _quantiles(value: Value) -> Row:
    known = {name: getattr(value.spread, name, None) for name in ("p10", "p25", "p75", "p90")}
    return known | {"p50": value.value}


def stages(shown: View) -> list[Row]:
    """The mean of each stage over the window, the longest first."""
    rows = [_told(row) for row in shown.over("lead_stages", "lead_time")]
    return [
        row | {"label": f"{row['text']} · {row['share']:.0%}", "part": f"most time in {row['stage']}"} for row in rows
    ]


def batches(shown: View) -> list[Row]:
    """How many deployments brought so many changes."""
    rows = shown.over("classes", "batch_size", *_classes(SIZES), False)
    few = {"none": "no change", "1": "1 change"}
    return [row | {"part": few.get(row["name"], f"{row['name']} changes")} for row in rows]


def waits(shown: View) -> list[Row]:
    """How many questions were answered after so long."""
    rows = shown.over("classes", "approval_wait", *_classes(HOURS), False)
    return [row | {"part": f"a yes after {row['name']}"} for row in rows]


def parts(shown: View) -> dict[str, Part]:
    """Classes of deployments that the charts of the page tell apart, by what they are called."""
    return (
        {row["part"]: Part("batch", (row["low"], row["high"])) for row in batches(shown)}
        | {row["part"]: Part("stage", (row["stage"],)) for row in stages(shown)}
        | {row["part"]: Part("wait", (row["low"], row["high"])) for row in waits(shown)}
    )


def stages_over_time(shown: View) -> list[Row]:
    """The mean of each stage by period."""
    return [_told(row) for row in shown.over_time("lead_stages", "lead_time")]


def _told(row: Row) -> Row:
    return row | {"text": text.hours(row["hours"]), "share": row["share"] or 0.0}


def days(shown: View) -> list[Row]:
    """A row a day of the window, of a longer one the last year; n is null where nothing can be known."""
    scope = replace(shown.whole, every="day")
    if (shown.chosen.days or shown.known.history.days) > YEAR:
        scope = replace(scope, since=f"{YEAR}d", until=None)
    rows = []
    for value in cache.values(shown.build, "deployment_frequency", scope):
        if value.period is not None:
            week = value.period - timedelta(days=value.period.weekday())
            starts = {"day": value.period, "week": week, "month": value.period.replace(day=1)}
            rows.append({
                "week": f"{week:%Y-%m-%d}", "start": f"{starts[shown.grain]:%Y-%m-%d}",
                "weekday": f"{value.period:%a}", "day": f"{value.period:%-d %b %Y}",
                "n": None if value.value is None else value.n, "state": value.incomplete or "whole",
            })  # fmt: skip
    return rows


def open_ages(shown: View) -> list[Row]:
    """How many changes are open, by age, whenever they were merged."""
    rows = cache.over(shown.build, "classes", "lead_time", _ever(shown), *_classes(HOURS), True)
    return [row | {"part": row["name"]} for row in rows]


def open_changes(shown: View) -> list[Row]:
    """The oldest open changes of the age that is chosen, which is asked for, with their links."""
    ages = {row["part"]: (row["low"], row["high"]) for row in open_ages(shown)}
    picked = st.selectbox("Open for", [ANY_AGE, *ages], key=AGE, bind="query-params")
    low, high = ages.get(picked or ANY_AGE, (0.0, FOREVER))
    rows = cache.over(shown.build, "open_changes", "lead_time", _ever(shown), low, high, FEW)
    return [row | {"url": links.commit(row["repository"], row["sha"])} for row in rows]


def _classes(begins: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...]]:
    """Names of classes, and from where to where each reaches."""
    lows = tuple(begins.values())
    return tuple(begins), lows, (*lows[1:], FOREVER)


def _ever(shown: View) -> Scope:
    return replace(shown.whole, since=None, until=None)
