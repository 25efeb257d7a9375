"""One run of a page: the build, the selection, and the numbers of the selection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cached_property, partial
from typing import Any, Literal

import streamlit as st

import dora
from dashboards.queries import cache, selection, text
from dashboards.queries.builds import About, Build, Row
from dashboards.queries.selection import INSTANT, Grain, Selection
from dora import Scope, Value

KEY = "view"


@dataclass(frozen=True)
class View:
    """One build through one selection."""

    build: Build
    about: About
    selection: Selection

    @property
    def zone(self) -> str:
        """The organisation's time zone."""
        return self.about.timezone

    @property
    def scope(self) -> Scope:
        """The scope of the numbers on the page."""
        return self.selection.scope

    @property
    def window_scope(self) -> Scope:
        """The scope of the window, of which ``scope`` can be a part."""
        return self.selection.window_scope

    @property
    def selected_application(self) -> str | None:
        """The only application of the selection; null if it has several."""
        teams = self.selection.teams or tuple(self.about.teams)
        names = self.selection.applications or tuple(name for team in teams for name in self.about.teams[team])
        return names[0] if len(names) == 1 else None

    @property
    def window_bounds(self) -> tuple[datetime, datetime]:
        """Start and end of the window in local time, the end included."""
        begins, ends, last_day = self.about.begins, self.about.ends, self.selection.last_day
        until = min(ends, datetime.combine(last_day, time.max)) if last_day else ends
        return self.selection.window_start(begins, ends), until

    @property
    def window_days(self) -> tuple[date, date]:
        """First and last local day of the window."""
        start, end = self.window_bounds
        return (start + INSTANT).date(), end.date()  # a window of so many days starts one instant before its first day

    @cached_property
    def comparison_scope(self) -> Scope | None:
        """The scope of the numbers to compare with; null without a comparison."""
        return self.selection.comparison_scope(self.about.begins, self.about.ends)

    @cached_property
    def grain(self) -> Grain:
        """The length of a period in trends."""
        return self.selection.grain(self.about.history, self.value("deployment_frequency").value)

    def grain_of(self, metric: str) -> Grain:
        """Return the length of a period in a metric's trend, which for a share can be longer than the page's."""
        if dora.metrics()[metric].statistic != "share":
            return self.grain
        return selection.share_grain(self.grain, partial(self.trend, metric))

    def value(self, metric: str) -> Value:
        """Return a metric's value."""
        return cache.values(self.build, metric, self.scope)[0]

    def change(self, metric: str) -> Any:
        """Return the move of a metric's value with its verdict; null without a comparison."""
        if self.comparison_scope is None:
            return None
        (change,) = cache.judge_changes(self.build, metric, self.scope, self.comparison_scope)
        return change

    def trend(self, metric: str, grain: Grain | None = None) -> list[Value]:
        """Return a metric's value for each period of the window; their length is ``grain_of`` the metric by default."""
        scope = cache.trend_scope(self.build, self.window_scope, grain or self.grain_of(metric))
        return cache.values(self.build, metric, scope)

    @property
    def events(self) -> list[Row]:
        """The noted events of the window, the latest first."""
        return cache.events(self.build, self.window_scope, self.zone)

    def goal(self, metric: str) -> Any:
        """Return the goal of the selection for a metric, with its value and verdict; null without one."""
        return cache.goals(self.build, self.scope).get(metric)

    def tier(self, metric: str) -> Any:
        """Return the tier of a metric among the answers of the last survey with tiers; null without one."""
        return cache.tiers(self.build, self.scope).get(metric)

    def values_by(self, metric: str, group: Literal["application", "team"]) -> list[Value]:
        """Return a metric's value for each application or team of the selection."""
        return cache.values(self.build, metric, replace(self.scope, by=group))

    def query_observations(self, query: str, metric: str, *parameters: object) -> list[Row]:
        """Return the rows of a query over the observations of a metric."""
        return cache.query_observations(self.build, query, metric, self.scope, *parameters)

    def query_trend(self, query: str, metric: str) -> list[Row]:
        """Return the rows of a query over the observations of the window, each with its period."""
        scope = cache.trend_scope(self.build, self.window_scope, self.grain)
        return cache.query_observations(self.build, query, metric, scope)

    @property
    def summary(self) -> str:
        """The line under the title: deployments, applications, window, comparison, and the end of the data."""
        applications = sum(1 for value in self.values_by("deployment_frequency", "application") if value.n)
        comparison = "without comparison"
        if self.comparison_scope:
            comparison = f"compared with {self.selection.comparison_text}"
        elif self.selection.comparison_text:
            comparison = "without comparison: history does not cover the previous period"
        return (
            f"{text.format_count(self.value('deployment_frequency').n, 'production deployment')} of"
            f" {text.format_count(applications, 'application')} {self.selection.period_text}, {comparison}"
            f" · data through {text.format_time(self.about.as_of, self.zone)}"
        )


def current() -> View:
    """Return the view of this run."""
    view: View = st.session_state[KEY]
    return view


def set_current(view: View) -> View:
    """Make a view that of this run, and return it."""
    st.session_state[KEY] = view
    return view
