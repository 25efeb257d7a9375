"""The selection of a page as pure values; ``components/filters.py`` reads it from the address.

It says whose deployments are shown, over which window, and what they are compared with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from dora import Delivery, Scope, Value

Grain = Literal["day", "week", "month"]
CUSTOM = "custom"
WINDOWS = (*Delivery.windows, CUSTOM)  # of the filter; an address may also name any age, such as 45d
AGE, DAYS = re.compile(r"([1-9]\d{0,2})([dwy])"), {"d": 1, "w": 7, "y": 365}
# Labels of the filter, which links to a page contain too.
PREVIOUS_PERIOD, CUSTOM_PERIOD, ANOTHER_TEAM = "previous period", "custom period", "another team"
BEFORE_DATE, NO_COMPARISON = "before a date", "nothing"
COMPARISONS = (PREVIOUS_PERIOD, CUSTOM_PERIOD, ANOTHER_TEAM, BEFORE_DATE, NO_COMPARISON)
ONE_DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
GRAINS: tuple[Grain, ...] = get_args(Grain)  # from short to long
MIN_OBSERVATIONS, MAX_SMALL, MIN_PERIODS = 20, 0.2, 2  # of the periods of a share's trend
MIN_PER_DAY = 12  # deployments, so that the days of a trend have enough to differ by more than chance
MAX_DAYS_BY_DAY, MAX_DAYS_BY_WEEK = 59, 366  # a trend has at most about 60 periods


@dataclass(frozen=True, slots=True)
class Selection:
    """The filters that all pages share; no team and no application mean all of them.

    ``first_day`` and ``last_day`` are the local days of a custom window, a quarter or a year, both included; a quarter
    or year that ``runs`` ends with the data, wherever in its last day that is. ``comparison`` is one of
    ``COMPARISONS``: a custom period has its first and last local day in ``other_period``, both included; another team
    is ``other_team``; a date is ``split_day``, and the numbers of the page are then those from that local day on.
    """

    teams: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    window: str = "90d"
    first_day: date | None = None
    last_day: date | None = None
    runs: bool = False
    comparison: str = PREVIOUS_PERIOD
    other_team: str | None = None
    split_day: date | None = None
    other_period: tuple[date, date] | None = None

    @property
    def days(self) -> int | None:
        """Days in the window; null for all time."""
        if self.first_day and self.last_day:
            return (self.last_day - self.first_day).days + 1
        age = AGE.fullmatch(self.window)
        return int(age[1]) * DAYS[age[2]] if age else None

    @property
    def window_scope(self) -> Scope:
        """The scope of the window, up to its last day or the end of the data."""
        since, until = f"{self.days}d" if self.days else None, None
        if self.first_day and self.last_day:
            since, until = f"{self.first_day}", None if self.runs else f"{self.last_day + ONE_DAY}"
        return Scope(since=since, until=until, applications=self.applications, teams=self.teams)

    def with_calendar_days(self, ends: datetime) -> Selection:
        """Return the selection with the days of its quarter or year; as it is if its window is another one.

        ``ends`` is the last local instant of the data.
        """
        window = Delivery.calendar_window(self.window, ends.date())
        if window is None:
            return self
        last_day = min(window.end.date() - ONE_DAY, ends.date())
        runs = ends + INSTANT < window.end
        return replace(self, first_day=window.start.date(), last_day=last_day, runs=runs)

    @property
    def scope(self) -> Scope:
        """The scope of the numbers: the window, or its part from the split day on."""
        return replace(self.window_scope, since=f"{self.split_day}") if self._is_split else self.window_scope

    def comparison_scope(self, begins: datetime, ends: datetime) -> Scope | None:
        """Return the scope to compare with; null without a comparison, and if history does not cover all of it.

        ``begins`` and ``ends`` are those of the history, in local time.
        """
        window = self.window_scope
        if self.comparison == ANOTHER_TEAM and self.other_team:
            return replace(window, teams=(self.other_team,), applications=())
        if self.comparison == CUSTOM_PERIOD and self.other_period:
            return replace(window, since=f"{self.other_period[0]}", until=f"{self.other_period[1] + ONE_DAY}")
        if self._is_split:
            return replace(window, until=f"{self.split_day}")
        if self.comparison != PREVIOUS_PERIOD or self.days is None:
            return None
        if self.first_day:
            before = Delivery.calendar_window(self.window, ends.date(), earlier=1)
            start = before.start.date() if before else self.first_day - timedelta(days=self.days)
            return replace(window, since=f"{start}", until=f"{self.first_day}") if begins.date() <= start else None
        covered = ends - begins >= timedelta(days=2 * self.days)
        return replace(window, since=f"{2 * self.days}d", until=f"{self.days}d") if covered else None

    @property
    def _is_split(self) -> bool:
        return self.comparison == BEFORE_DATE and self.split_day is not None

    def grain(self, history: timedelta, per_day: float | None) -> Grain:
        """Return the length of a trend's periods; ``per_day`` is the deployment frequency."""
        days = self.days or history.days
        if days > MAX_DAYS_BY_WEEK:
            return "month"
        return "day" if days <= MAX_DAYS_BY_DAY and (per_day or 0) >= MIN_PER_DAY else "week"

    def window_start(self, begins: datetime, ends: datetime) -> datetime:
        """Return the start of the window in local time, within a history from ``begins`` to ``ends``."""
        if self.first_day:
            return max(begins, datetime.combine(self.first_day, datetime.min.time()))
        return max(begins, ends - timedelta(days=self.days)) if self.days else begins

    @property
    def period_text(self) -> str:
        """The period of the numbers in words, for example ``in the last 90 days``."""
        if self._is_split:
            return f"since {self.split_day:%-d %b %Y}"
        if self.first_day and self.last_day:
            days = _format_period(self.first_day, self.last_day)
            return f"from {days}" if self.window == CUSTOM else f"{self.window}, {days}"
        return f"in the last {self.days} days" if self.days else "over all time"

    @property
    def comparison_text(self) -> str:
        """The comparison in words, for example ``the previous 90 days``; empty without one."""
        if self.comparison == ANOTHER_TEAM and self.other_team:
            return "the other team in the same period"  # not by its name, which Markdown could interpret
        if self.comparison == CUSTOM_PERIOD and self.other_period:
            return _format_period(*self.other_period)
        if self._is_split:
            return "the window before that date"
        if self.comparison == PREVIOUS_PERIOD and self.days:
            unit = next((unit for unit in ("quarter", "year") if unit in self.window), f"{self.days} days")
            return f"the previous {unit}"
        return ""


def _format_period(first_day: date, last_day: date) -> str:
    return f"{first_day:%-d %b %Y} to {last_day:%-d %b %Y}"


def share_grain(grain: Grain, read_trend: Callable[[Grain], Iterable[Value]]) -> Grain:
    """Return the length of the periods of a share's trend: from a ``grain`` on the first whose periods hold enough.

    At most one in five of the complete periods with observations may have fewer than 20: with so few, the interval of a
    share is as wide as the chart. A length of which the window has no two complete periods is none.
    """
    chosen = grain
    for coarser in GRAINS[GRAINS.index(grain) :]:
        sizes = [value.n for value in read_trend(coarser) if not value.partial and value.n]
        if len(sizes) < MIN_PERIODS:
            break
        chosen = coarser
        if sum(n < MIN_OBSERVATIONS for n in sizes) <= len(sizes) * MAX_SMALL:
            break
    return chosen


def name_period(start: str, grain: Grain, page_grain: Grain) -> str:
    """Return the name of a period in the address: its first day, or that of ISO 8601 if the page has other periods."""
    if grain == page_grain:
        return start
    return start[:7] if grain == "month" else f"{date.fromisoformat(start):%G-W%V}"


def parse_period(name: str, page_grain: Grain) -> tuple[str, Grain]:
    """Return the first day and the length of a period by its name in the address."""
    if re.fullmatch(r"\d{4}-W[0-5]\d", name):
        return f"{datetime.strptime(f'{name}-1', '%G-W%V-%u'):%Y-%m-%d}", "week"
    return (f"{name}-01", "month") if len(name) == len("2026-09") else (name, page_grain)
