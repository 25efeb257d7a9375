"""What the door says of changes to production → the rows that charts and tables draw. Pure."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import Any

from dashboards.charts.audit import DAYS
from dashboards.queries import text

Row = dict[str, Any]
MOST = 600  # points of a chart
SHORTEST = 0.1  # minutes: a log axis has no zero


def hour(row: Row) -> str | None:
    """The local day of the week and hour in which a change took traffic, in words; null where it never did."""
    at = row["local_time"]
    return None if row["out_of_hours"] is None else _named(at.weekday(), at.hour)


def _named(day: int, hour: int) -> str:
    return f"{DAYS[day]} {hour}:00"


def hours(rows: list[Row]) -> list[Row]:
    """Changes that took traffic by local day and hour; each hour by what most of its changes are."""
    moved = [row for row in rows if row["out_of_hours"] is not None]
    counts = Counter((row["local_time"].weekday(), row["local_time"].hour) for row in moved)
    late = Counter((row["local_time"].weekday(), row["local_time"].hour) for row in moved if row["out_of_hours"])
    most = max(counts.values(), default=1)
    return [
        {
            "day": DAYS[day],
            "hour": hour,
            "clock": f"{hour}:00",
            "part": _named(day, hour),
            "changes": count,
            "shade": 0.15 + 0.85 * count / most,
            "state": "out of hours" if 2 * late[day, hour] > count else "working hours",
            "tone": "vermilion" if 2 * late[day, hour] > count else "blue",
        }
        for (day, hour), count in sorted(counts.items())
    ]


def waits(rows: list[Row]) -> list[Row]:
    """Changes that waited for an answer, at most so many of each application, and each application's median."""
    asked = [row for row in rows if row["waited_minutes"] is not None]
    names = Counter(row["application"] for row in asked)
    told = []
    for name, count in names.most_common():
        mine = [row for row in asked if row["application"] == name]
        step = -(-count * len(names) // MOST)
        told += [_wait(name, row["waited_minutes"], row["prompts"], row["approved_by"]) for row in mine[::step]]
        middle = median(row["waited_minutes"] for row in mine)
        told.append(_wait(name, middle, f"median of {count:,}", None) | {"middle": True, "tone": "vermilion"})
    return told


def _wait(application: str, minutes: float, asked: str | None, by: str | None) -> Row:
    return {
        "application": application,
        "minutes": max(minutes, SHORTEST),
        "asked": asked or "",
        "by": by or "–",
        "text": text.hours(minutes / 60),
        "middle": False,
        "tone": "blue",
    }
