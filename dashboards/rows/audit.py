"""Counts and rows of the audit trail → rows of charts. Pure."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any

from dashboards.charts.audit import DAYS
from dashboards.queries import text

Row = dict[str, Any]
SHORTEST = 0.1  # minutes: a log axis has no zero


def hour_name(hour_of_week: int) -> str:
    """Return an hour of the week in words, 0 as ``Mon 0:00``."""
    day, hour = divmod(hour_of_week, 24)
    return f"{DAYS[day]} {hour}:00"


def hours(counts: list[Row]) -> list[Row]:
    """Return changes that reached production by local weekday and hour, coloured by what most of them are."""
    max_count = max((row["changes"] for row in counts), default=1)
    rows_by_hour = []
    for row in counts:
        (day, hour), count = divmod(row["hour_of_week"], 24), row["changes"]
        outside = 2 * row["outside_business_hours"] > count
        rows_by_hour.append({
            "day": DAYS[day], "hour": hour, "clock": f"{hour}:00", "part": hour_name(row["hour_of_week"]),
            "changes": count, "shade": 0.15 + 0.85 * count / max_count, "tone": "vermilion" if outside else "blue",
            "state": "outside business hours" if outside else "business hours",
        })  # fmt: skip
    return rows_by_hour


def waits(approvals: list[Row]) -> list[Row]:
    """Return the approval wait of each change, and the median of each application."""
    points = []
    for application, group in groupby(approvals, itemgetter("application")):
        own = list(group)
        points += [_wait(application, row["waited_minutes"], row["prompts"], row["approved_by"]) for row in own]
        median = _wait(application, own[0]["median_minutes"], f"median of {own[0]['approvals']:,}", None)
        points.append(median | {"middle": True, "tone": "vermilion"})
    return points


def _wait(application: str, minutes: float, prompt: str | None, user: str | None) -> Row:
    return {"application": application, "minutes": max(minutes, SHORTEST), "prompt": prompt or "", "by": user or "–",
            "text": text.format_hours(minutes / 60), "middle": False, "tone": "blue"}  # fmt: skip
