"""Rows of the audit trail → rows of charts. Pure."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import Any

from dashboards.charts.audit import DAYS
from dashboards.queries import text

Row = dict[str, Any]
MAX_POINTS = 600  # of a chart: more make it heavy to send and slow to draw without showing more
SHORTEST = 0.1  # minutes: a log axis has no zero


def hour_of_week(row: Row) -> str | None:
    """Return the local weekday and hour at which a change reached production, as ``Mon 9:00``; null if it never did."""
    time = row["local_time"]
    return None if row["outside_business_hours"] is None else _hour_name(time.weekday(), time.hour)


def _hour_name(day: int, hour: int) -> str:
    return f"{DAYS[day]} {hour}:00"


def hours(rows: list[Row]) -> list[Row]:
    """Return changes that reached production by local weekday and hour, coloured by what most of them are."""
    deployed = [row for row in rows if row["outside_business_hours"] is not None]
    counts = Counter((row["local_time"].weekday(), row["local_time"].hour) for row in deployed)
    outside = [row for row in deployed if row["outside_business_hours"]]
    late = Counter((row["local_time"].weekday(), row["local_time"].hour) for row in outside)
    max_count = max(counts.values(), default=1)
    rows_by_hour = []
    for (day, hour), count in sorted(counts.items()):
        out_of_hours = 2 * late[day, hour] > count
        rows_by_hour.append({
            "day": DAYS[day], "hour": hour, "clock": f"{hour}:00", "part": _hour_name(day, hour), "changes": count,
            "shade": 0.15 + 0.85 * count / max_count, "tone": "vermilion" if out_of_hours else "blue",
            "state": "outside business hours" if out_of_hours else "business hours",
        })  # fmt: skip
    return rows_by_hour


def waits(rows: list[Row]) -> list[Row]:
    """Return the approval wait of each change, thinned out evenly, and the median of each application."""
    approvals = [row for row in rows if row["waited_minutes"] is not None]
    applications = Counter(row["application"] for row in approvals)
    points = []
    for application, count in applications.most_common():
        own = [row for row in approvals if row["application"] == application]
        step = -(-count * len(applications) // MAX_POINTS)
        points += [_wait(application, row["waited_minutes"], row["prompts"], row["approved_by"]) for row in own[::step]]
        middle = median(row["waited_minutes"] for row in own)
        points.append(_wait(application, middle, f"median of {count:,}", None) | {"middle": True, "tone": "vermilion"})
    return points


def _wait(application: str, minutes: float, prompt: str | None, user: str | None) -> Row:
    return {"application": application, "minutes": max(minutes, SHORTEST), "prompt": prompt or "", "by": user or "–",
            "text": text.format_hours(minutes / 60), "middle": False, "tone": "blue"}  # fmt: skip
