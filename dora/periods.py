"""Windows and periods: local days, weeks and months of the organisation, as UTC instants. Cut here and nowhere else."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import Literal
from zoneinfo import ZoneInfo

from dora.errors import UsageError

Grain = Literal["day", "week", "month"]
GRAINS: tuple[Grain, ...] = ("day", "week", "month")
INSTANT, SECOND, WEEK = timedelta(microseconds=1), timedelta(seconds=1), timedelta(weeks=1)
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of local time, ``start`` included and ``end`` not; naive datetimes in the organisation's zone."""

    start: datetime
    end: datetime

    @property
    def days(self) -> float:
        """Its length in calendar days: a night of daylight saving is as long as any other."""
        return (self.end - self.start) / timedelta(days=1)

    def intersection(self, other: Period) -> Period:
        """The part of it that lies in another period; of no length where they do not meet."""
        start = max(self.start, other.start)
        return Period(start, max(start, min(self.end, other.end)))

    def complete_days(self) -> Period:
        """Return the complete days in it, from midnight to midnight; an empty period at its end if there are none."""
        start, end = floor(self.start + timedelta(days=1) - INSTANT, "day"), floor(self.end, "day")
        return Period(start, end) if start <= end else Period(self.end, self.end)


def parse_moment(text: str, zone: str, as_of: datetime) -> datetime:
    """A moment as people give it, as a naive local datetime.

    ``2026-07-01`` is that local midnight, ``2026-07-01T12:00`` that local time (or an instant, with an
    offset), ``90d`` (also ``h``, ``w``) that long before the data ends. Raises ``UsageError``.
    """
    relative = re.fullmatch(r"(\d{1,5})([hdw])", text)
    if relative:
        return to_local(as_of - int(relative[1]) * UNITS[relative[2]], zone)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date.", "give a date such as 2026-07-01, or an age such as 90d.") from None
    return given.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if given.tzinfo else given


def to_local(moment: datetime, zone: str) -> datetime:
    """A naive UTC instant as a naive local datetime."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def to_utc(moment: datetime, zone: str) -> datetime:
    """A naive local datetime as a naive UTC instant (the earlier one where a clock change repeats it)."""
    return _utc(moment, zone, moment.fold)


@lru_cache(maxsize=4096)
def _utc(moment: datetime, zone: str, fold: int) -> datetime:
    """Kept, as all groups of a question ask for the same; equal moments may differ in ``fold``."""
    return moment.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC).replace(tzinfo=None)


def split(window: Period, grain: Grain) -> Iterator[Period]:
    """Every whole day, week (from Monday) or month that meets the window, in order."""
    start = floor(window.start, grain)
    while start < window.end:
        end = _next(start, grain)
        yield Period(start, end)
        start = end


def floor(moment: datetime, grain: Grain) -> datetime:
    """The start of the local day, week or month that a local moment falls in."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if grain == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if grain == "week" else day


def _next(start: datetime, grain: Grain) -> datetime:
    if grain == "month":
        first = date(start.year + start.month // 12, start.month % 12 + 1, 1)
        return datetime(first.year, first.month, 1)
    return start + timedelta(days=7 if grain == "week" else 1)


def local_time_sql(column: str, zone: str, start: datetime, end: datetime) -> str:
    """SQL for the local time of a UTC column whose values lie between two instants (naive, UTC).

    It names the clock changes between them: ten times as fast as to ask the engine's calendar for every row.
    """
    changes = list(_changes(start.replace(microsecond=0), end, zone))
    cases = " ".join(f"WHEN {column} < TIMESTAMP '{at}' THEN {_shift(at - SECOND, zone)}" for at in changes)
    last = _shift(changes[-1] if changes else start, zone)
    if cases:
        return f"({column} + to_seconds(CASE {cases} ELSE {last} END))"
    return f"({column} + to_seconds({last}))" if last else column


def _changes(at: datetime, end: datetime, zone: str) -> Iterator[datetime]:
    """The instants between two at which clocks change: never twice within a week."""
    while at < end:
        if _shift(at, zone) != _shift(at + WEEK, zone):
            yield at + bisect_left(range(WEEK // SECOND), True, key=partial(_changed, at, zone)) * SECOND
        at += WEEK


def _changed(at: datetime, zone: str, seconds: int) -> bool:
    return _shift(at + seconds * SECOND, zone) != _shift(at, zone)


def _shift(moment: datetime, zone: str) -> int:
    """By how many seconds local time is ahead of UTC at an instant."""
    return (to_local(moment, zone) - moment) // SECOND
