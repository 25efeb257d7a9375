"""What a page is asked to show: whose deployments, over which window, compared with what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from dora import Scope

Grain = Literal["day", "week", "month"]
WINDOWS: dict[str, int | None] = {"30d": 30, "90d": 90, "180d": 180, "1y": 365, "all": None, "custom": None}
BEFORE, TIME, TEAM, DAY, NOTHING = "previous period", "custom period", "another team", "before a date", "nothing"
AGAINST = (BEFORE, TIME, TEAM, DAY, NOTHING)
ONE_DAY = timedelta(days=1)
BUSY = 12
SHORT, LONG = 60, 366


@dataclass(frozen=True, slots=True)
class Selection:
    """The filters everyone shares: no team and no application mean all of them.

    ``first`` and ``last`` are the local days of a custom window, both included. ``against`` says what numbers are
    compared with: those of another time (the local days ``then``, both included), another team's (``other``), or those
    before a local day (``day``), from which numbers then count.
    """

    teams: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    window: str = "90d"
    first: date | None = None
    last: date | None = None
    against: str = BEFORE
    other: str | None = None
    day: date | None = None
    then: tuple[date, date] | None = None

    @property
    def days(self) -> int | None:
        """Days in the window; null where it is all of history."""
        if self.first and self.last:
            return (self.last - self.first).days + 1
        return WINDOWS[self.window]

    @property
    def whole(self) -> Scope:
        """The window, up to the end of the data or of its last day."""
        chosen = Scope(applications=self.applications, teams=self.teams)
        if self.first and self.last:
            return replace(chosen, since=f"{self.first}", until=f"{self.last + ONE_DAY}")
        return replace(chosen, since=f"{self.days}d" if self.days else None)

    @property
    def now(self) -> Scope:
        """What the numbers are of: the window, or the part of it from the day that divides it."""
        return replace(self.whole, since=f"{self.day}") if self._divided else self.whole

    def before(self, begins: datetime, ends: datetime) -> Scope | None:
        """What the numbers are compared with; null where nothing is, or where history is too short to hold it.

        ``begins`` and ``ends`` bound the history in local time.
        """
        if self.against == TEAM and self.other:
            return replace(self.whole, teams=(self.other,), applications=())
        if self.against == TIME and self.then:
            return replace(self.whole, since=f"{self.then[0]}", until=f"{self.then[1] + ONE_DAY}")
        if self._divided:
            return replace(self.whole, until=f"{self.day}")
        if self.against != BEFORE or self.days is None:
            return None
        return self._previous(self.days, begins, ends)

    def _previous(self, days: int, begins: datetime, ends: datetime) -> Scope | None:
        if self.first:
            start = self.first - timedelta(days=days)
            return replace(self.whole, since=f"{start}", until=f"{self.first}") if begins.date() <= start else None
        enough = ends - begins >= timedelta(days=2 * days)
        return replace(self.whole, since=f"{2 * days}d", until=f"{days}d") if enough else None

    @property
    def _divided(self) -> bool:
        return self.against == DAY and self.day is not None

    def grain(self, history: timedelta, per_day: float | None) -> Grain:
        """How fine a trend is drawn: months beyond a year, days only where a short window has many a day."""
        days = self.days or history.days
        if days > LONG:
            return "month"
        return "day" if days < SHORT and (per_day or 0) >= BUSY else "week"

    def starts(self, begins: datetime, ends: datetime) -> datetime:
        """When the window starts in local time, within a history that is bounded by ``begins`` and ``ends``."""
        if self.first:
            return datetime.combine(self.first, datetime.min.time())
        return max(begins, ends - timedelta(days=self.days)) if self.days else begins

    @property
    def words(self) -> str:
        """What the numbers are of in words, such as ``in the last 90 days``."""
        if self._divided:
            return f"since {self.day:%-d %b %Y}"
        if self.first and self.last:
            return f"from {_span(self.first, self.last)}"
        return {"1y": "in the last year", "all": "over all time"}.get(self.window, f"in the last {self.days} days")

    @property
    def words_before(self) -> str:
        """What they are compared with in words, such as ``the previous 90 days``; names are data, so none is said."""
        if self.against == TEAM and self.other:
            return "the other team in the same period"
        if self.against == TIME and self.then:
            return _span(*self.then)
        if self._divided:
            return "the window before that date"
        if self.against == BEFORE and self.days:
            return "the previous year" if self.window == "1y" else f"the previous {self.days} days"
        return ""


def _span(first: date, last: date) -> str:
    return f"{first:%-d %b %Y} to {last:%-d %b %Y}"
