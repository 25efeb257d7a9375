"""Windows and periods: local days, weeks and months of the organisation as UTC instants. No other module cuts them."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Literal
from zoneinfo import ZoneInfo

from dora.errors import UsageError

Grain = Literal["day", "week", "month"]
GRAINS: tuple[Grain, ...] = ("day", "week", "month")
INSTANT, SECOND, WEEK = timedelta(microseconds=1), timedelta(seconds=1), timedelta(weeks=1)
AGE = re.compile(r"(\d{1,5}(?=[hdw])|\d{1,3}(?=y))([hdwy])")
# What people write for an age or a day, for the suggestion of a message.
SPOKEN_AGE = re.compile(
    r"(?:last|past|previous)?\s*-?(\d{1,5})(?:\.0*)?\s*-?\s*"
    r"(h|hrs?|hours?|d|days?|w|wks?|weeks?|m|mo|mos|months?|q|quarters?|y|yrs?|years?|)(?:\s+ago)?"
)
SPOKEN_UNITS = {"h": "1h", "d": "1d", "w": "1w", "m": "30d", "q": "90d", "y": "1y", "": "1d"}
SPOKEN_DAY = re.compile(r"(\d{4})[-/.]?(\d{1,2})?(?:[-/.](\d{1,2}))?|(\d{1,2})\.(\d{1,2})\.(\d{4})")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "y": timedelta(days=365)}
# Windows of the calendar: how many months each has, and how many such windows before that of the last day it is.
CALENDAR = {"this quarter": (3, 0), "last quarter": (3, 1), "this year": (12, 0)}
ALL = "all"
WINDOWS = (
    "7d",
    "14d",
    "30d",
    "90d",
    "180d",
    "1y",
    *CALENDAR,
    ALL,
)  # those that the pages offer; commands take them as --since


@dataclass(frozen=True, slots=True)
class Period:
    """A span of local time, ``start`` included and ``end`` not; naive datetimes in the organisation's zone."""

    start: datetime
    end: datetime

    @property
    def days(self) -> float:
        """Its length in calendar days; a day on which clocks change is one day."""
        return (self.end - self.start) / timedelta(days=1)

    def intersection(self, other: Period) -> Period:
        """Return the part that is in another period; empty if they do not overlap."""
        start = max(self.start, other.start)
        return Period(start, max(start, min(self.end, other.end)))

    def complete_days(self) -> Period:
        """Return the complete days in it, from midnight to midnight; an empty period at its end if there are none."""
        start, end = floor(self.start + timedelta(days=1) - INSTANT, "day"), floor(self.end, "day")
        return Period(start, end) if start <= end else Period(self.end, self.end)


def parse_moment(text: str, zone: str, as_of: datetime) -> datetime:
    """Return a date, a time or an age as a naive local datetime; raises ``UsageError`` for anything else.

    ``2026-07-01`` is that local midnight, ``2026-07-01T12:00`` that local time (or an instant, with an offset),
    ``90d`` (also ``h``, ``w``, ``y``) that long before the data ends.
    """
    if age := AGE.fullmatch(text):
        return to_local(as_of - int(age[1]) * UNITS[age[2]], zone)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        words = ", ".join(f"'{word}'" for word in CALENDAR)
        next_step = f"give a date such as 2026-07-01, an age such as 90d, or for a window one of {words}."
        meant = suggest_moment(text)
        raise UsageError(
            f"{text!r} is not a date.", f"did you mean {meant}? Or {next_step}" if meant else next_step
        ) from None
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if moment.tzinfo else moment


def suggest_moment(text: str) -> str | None:
    """Return the age, day or window that a text may mean, ``90d`` for 3 months; null if it is unclear."""
    spoken = text.strip().lower()
    if match := SPOKEN_DAY.fullmatch(spoken):
        year, month, day = (match[1], match[2], match[3]) if match[1] else (match[6], match[5], match[4])
        with contextlib.suppress(ValueError):
            if 1970 <= int(year) < 2100:
                return date(int(year), int(month or 1), int(day or 1)).isoformat()
    if match := SPOKEN_AGE.fullmatch(spoken):
        unit = SPOKEN_UNITS[match[2][:1]]
        return f"{int(match[1]) * int(unit[:-1])}{unit[-1]}"
    words = re.sub(r"[\s_-]+", " ", spoken)
    return {"yesterday": "1d", "quarter": "this quarter", "year": "this year"}.get(words, _nearest_window(words))


def _nearest_window(words: str) -> str | None:
    import difflib  # noqa: PLC0415 - which only an error needs

    return next(iter(difflib.get_close_matches(words, CALENDAR, 1, 0.8)), None)


def parse_window(
    since: str | None, until: str | None, zone: str, as_of: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Return start and end of a window as naive local datetimes; null is an open end, and the end of the data.

    ``since`` is what ``parse_moment`` reads, or one of ``CALENDAR``; a quarter or year that is over has its own end.
    Ages count from the end of the data; without any (``as_of`` null) no row is in a window, and they count from 1970.
    """
    as_of = as_of or datetime(1970, 1, 2)
    window = calendar_window(since, last_day(zone, as_of))
    end = parse_moment(until, zone, as_of) if until else None
    if window is None:
        return parse_moment(since, zone, as_of) if since else None, end
    return window.start, end or (window.end if window.end <= to_local(as_of, zone) else None)


def previous_window(since: str | None, until: str | None, zone: str, as_of: datetime) -> Period | None:
    """Return the window before one: of a quarter or year the one before, else an equal one; null for an open start.

    Local times without their offset: 30 days are compared with 30 days, also over a change of the clock.
    """
    if until is None and (before := calendar_window(since, last_day(zone, as_of), earlier=1)):
        return before
    start, end = parse_window(since, until, zone, as_of)
    return Period(start - ((end or to_local(as_of, zone)) - start), start) if start else None


def calendar_window(text: str | None, day: date, earlier: int = 0) -> Period | None:
    """Return a window of ``CALENDAR`` as of a local day, or so many ``earlier`` ones; null for any other text.

    A hyphen is as good as a space: ``last-quarter`` needs no quotes in a shell.
    """
    months, before = CALENDAR.get((text or "").replace("-", " "), (0, 0))
    if not months:
        return None
    month = day.year * 12 + day.month - 1
    first = month - month % months - (before + earlier) * months
    start, end = (datetime(number // 12, number % 12 + 1, 1) for number in (first, first + months))
    return Period(start, end)


def last_day(zone: str, as_of: datetime) -> date:
    """Return the last local day of the data; at midnight the day that ends."""
    return (to_local(as_of, zone) - INSTANT).date()


def to_local(moment: datetime, zone: str) -> datetime:
    """Return a naive UTC instant as a naive local datetime."""
    return with_offset(moment, zone).replace(tzinfo=None)


def with_offset(moment: datetime, zone: str) -> datetime:
    """Return a naive UTC instant as local time with its offset."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


def to_utc(moment: datetime, zone: str) -> datetime:
    """Return a naive local datetime as a naive UTC instant: the earlier one if a clock change repeats it."""
    # Equal datetimes may differ in fold, which the cache must tell apart.
    return _to_utc(moment, zone, moment.fold)


@lru_cache(maxsize=4096)  # all groups of an answer have the same periods
def _to_utc(moment: datetime, zone: str, fold: int) -> datetime:
    return moment.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC).replace(tzinfo=None)


def split(window: Period, grain: Grain) -> Iterator[Period]:
    """Yield every complete day, week (from Monday) or month that overlaps the window, in order."""
    start = floor(window.start, grain)
    while start < window.end:
        if grain == "month":
            end = datetime(start.year + start.month // 12, start.month % 12 + 1, 1)
        else:
            end = start + timedelta(days=7 if grain == "week" else 1)
        yield Period(start, end)
        start = end


def join(parts: Iterable[Period]) -> list[Period]:
    """Return the union of periods, in order and apart."""
    joined: list[Period] = []
    for part in sorted(parts, key=attrgetter("start")):
        if joined and part.start <= joined[-1].end:
            joined[-1] = Period(joined[-1].start, max(joined[-1].end, part.end))
        else:
            joined.append(part)
    return joined


def floor(moment: datetime, grain: Grain) -> datetime:
    """Return the start of the local day, week or month of a local moment."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if grain == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if grain == "week" else day


def local_time_sql(column: str, zone: str, start: datetime, end: datetime) -> str:
    """Return SQL for the local time of a UTC column whose values lie between two instants (naive, UTC)."""
    # Naming the clock changes is ten times as fast as DuckDB's timezone(), which asks its calendar for every row.
    changes = list(_clock_changes(start.replace(microsecond=0), end, zone))
    cases = " ".join(f"WHEN {column} < TIMESTAMP '{at}' THEN {_offset(at - SECOND, zone)}" for at in changes)
    last = _offset(changes[-1] if changes else start, zone)
    if cases:
        return f"({column} + to_seconds(CASE {cases} ELSE {last} END))"
    return f"({column} + to_seconds({last}))" if last else column


@lru_cache
def clock_offsets(zone: str, start: datetime, end: datetime) -> tuple[tuple[datetime | None, int], ...]:
    """Return by how many seconds local time is ahead of UTC: first, with no instant, then from each clock change on."""
    changes = _clock_changes(start, end, zone)
    return (None, _offset(start, zone)), *((at, _offset(at, zone)) for at in changes)


def _clock_changes(start: datetime, end: datetime, zone: str) -> Iterator[datetime]:
    """Yield the instants between two at which clocks change, to the second; no zone changes twice within a week."""
    while start < end:
        before = _offset(start, zone)
        if before != _offset(start + WEEK, zone):
            seconds = range(WEEK // SECOND)
            changed = bisect_left(seconds, True, key=lambda second: _offset(start + second * SECOND, zone) != before)
            yield start + changed * SECOND
        start += WEEK


def _offset(moment: datetime, zone: str) -> int:
    """Return by how many seconds local time is ahead of UTC at an instant."""
    return (to_local(moment, zone) - moment) // SECOND
