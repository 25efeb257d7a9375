"""What the flow page draws: spreads, stages, days and ages, as rows for charts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dashboards import charts, data, links, wording
from dashboards.charts import Row
from dashboards.view import View
from dora import Scope, Value

FEW = 20
YEAR = 371  # days of whole weeks


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
    return [row | {"label": f"{row['text']} · {row['share']:.0%}"} for row in rows]


def stages_over_time(shown: View) -> list[Row]:
    """The mean of each stage by period."""
    return [_told(row) for row in shown.over_time("lead_stages", "lead_time")]


def _told(row: Row) -> Row:
    return row | {"text": wording.hours(row["hours"]), "share": row["share"] or 0.0}


def days(shown: View) -> list[Row]:
    """A row a day of the window, of a longer one the last year; n is null where nothing can be known."""
    scope = replace(shown.whole, every="day")
    if (shown.chosen.days or shown.known.history.days) > YEAR:
        scope = replace(scope, since=f"{YEAR}d", until=None)
    rows = []
    for value in data.values(shown.build, "deployment_frequency", scope):
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
    return data.over(shown.build, "durations", "lead_time", _ever(shown), True)


def open_changes(shown: View) -> list[Row]:
    """The oldest open changes with their links."""
    rows = data.over(shown.build, "open_changes", "lead_time", _ever(shown), FEW)
    return [row | {"url": links.commit(row["repository"], row["sha"])} for row in rows]


def _ever(shown: View) -> Scope:
    return replace(shown.whole, since=None, until=None)
