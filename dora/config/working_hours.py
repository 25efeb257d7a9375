"""Working hours, as the definition writes them: ``Mon-Fri 09:00-18:00``, in the organisation's local time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Hours:
    """Days of the week (0 is Monday) and minutes of the day, ``start`` included and ``end`` not.

    A span that ends before it starts goes on past midnight and belongs to the day that it starts on.
    """

    days: frozenset[int]
    start: int
    end: int

    def hold(self, local: datetime) -> bool:
        """Whether a local moment lies within them."""
        minute = local.hour * 60 + local.minute
        if self.start < self.end:
            return local.weekday() in self.days and self.start <= minute < self.end
        if minute >= self.start:
            return local.weekday() in self.days
        return minute < self.end and (local - timedelta(days=1)).weekday() in self.days


@cache
def hours(text: str) -> Hours:
    """Read a definition that was checked when it was set."""
    days, _, span = text.partition(" ")
    first, _, last = days.partition("-")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    length = (end - begin) % len(DAYS) + 1
    start, _, stop = span.partition("-")
    return Hours(frozenset((begin + nth) % len(DAYS) for nth in range(length)), _minutes(start), _minutes(stop))


def _minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)
