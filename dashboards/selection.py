"""What a page is asked to show: whose deployments, over which window, against which one before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from dora import Scope

Grain = Literal["day", "week", "month"]
WINDOWS: dict[str, int | None] = {"30d": 30, "90d": 90, "180d": 180, "1y": 365, "all": None}
BUSY = 12
SHORT, LONG = 60, 366


@dataclass(frozen=True, slots=True)
class Selection:
    """The filters everyone shares: no team and no application mean all of them."""

    teams: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    window: str = "90d"

    @property
    def days(self) -> int | None:
        """Days in the window; null where it is all of history."""
        return WINDOWS[self.window]

    @property
    def now(self) -> Scope:
        """The window, up to the end of the data."""
        return Scope(since=f"{self.days}d" if self.days else None, applications=self.applications, teams=self.teams)

    def before(self, history: timedelta) -> Scope | None:
        """The equal window before; null where the history is too short to hold it."""
        if self.days is None or history < timedelta(days=2 * self.days):
            return None
        return replace(self.now, since=f"{2 * self.days}d", until=f"{self.days}d")

    def grain(self, history: timedelta, per_day: float | None) -> Grain:
        """How fine a trend is drawn: months beyond a year, days only where a short window has many a day."""
        days = self.days or history.days
        if days > LONG:
            return "month"
        return "day" if days < SHORT and (per_day or 0) >= BUSY else "week"

    @property
    def words(self) -> str:
        """The window in words, such as ``the last 90 days``."""
        return {"1y": "the last year", "all": "all of history"}.get(self.window, f"the last {self.days} days")

    @property
    def words_before(self) -> str:
        """The window before in words, such as ``the 90 days before``."""
        return "the year before" if self.window == "1y" else f"the {self.days} days before"
