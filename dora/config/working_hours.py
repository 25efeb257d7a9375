"""Business hours as a definition writes them: ``Mon-Fri 09:00-18:00``, in the time zone of the organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

DAY_MINUTES = 24 * 60
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY, _START, _END = f"(?:{'|'.join(DAYS)})", r"(?:[01]\d|2[0-3]):[0-5]\d", r"(?:[01]\d|2[0-4]):[0-5]\d"
PATTERN = rf"^{_DAY}(?:-{_DAY})? {_START}-{_END}\Z"


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Days of the week (0 is Monday) and minutes of the day from ``start`` up to, and without, ``end``.

    A span that ends before it starts continues past midnight and belongs to the day on which it starts.
    """

    days: frozenset[int]
    start: int
    end: int

    def contains(self, local: datetime) -> bool:
        """Whether a local time is within them."""
        minute = local.hour * 60 + local.minute
        if self.start < self.end:
            return local.weekday() in self.days and self.start <= minute < self.end
        if minute >= self.start:
            return local.weekday() in self.days
        return minute < self.end and (local - timedelta(days=1)).weekday() in self.days

    def spans(self) -> list[tuple[int, int, int]]:
        """Return them as days of the week with the minutes of the day from which and up to which they last."""
        if self.start < self.end:
            return [(day, self.start, self.end) for day in sorted(self.days)]
        evenings = [(day, self.start, DAY_MINUTES) for day in sorted(self.days)]
        return evenings + [((day + 1) % len(DAYS), 0, self.end) for day in sorted(self.days) if self.end]


@cache
def parse_working_hours(text: str) -> WorkingHours:
    """Parse a text that matches ``PATTERN``."""
    days, _, span = text.partition(" ")
    first, _, last = days.partition("-")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    length = (end - begin) % len(DAYS) + 1  # a week may begin on any day, as in Sun-Thu
    start, _, stop = span.partition("-")
    week = frozenset((begin + offset) % len(DAYS) for offset in range(length))
    return WorkingHours(week, _to_minutes(start), _to_minutes(stop))


def _to_minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)
