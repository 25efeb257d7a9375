"""What one run of a page shows: the build, what is chosen of it, and the numbers of that choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import streamlit as st

from dashboards.queries import cache, text
from dashboards.queries.cache import About, Build, Row
from dashboards.queries.selection import Grain, Selection
from dora import Scope, Value

KEY = "view"


@dataclass(frozen=True)
class View:
    """One build through one selection; every number a page shows is asked for here."""

    build: Build
    known: About
    chosen: Selection

    @property
    def zone(self) -> str:
        """The organisation's time zone."""
        return self.known.timezone

    @property
    def now(self) -> Scope:
        """What numbers are of."""
        return self.chosen.now

    @property
    def whole(self) -> Scope:
        """The window, of which ``now`` may be a part."""
        return self.chosen.whole

    @cached_property
    def before(self) -> Scope | None:
        """What numbers are compared with; null where nothing is."""
        return self.chosen.before(self.known.begins, self.known.ends)

    @cached_property
    def grain(self) -> Grain:
        """How fine trends are drawn."""
        return self.chosen.grain(self.known.history, self.value("deployment_frequency").value)

    def value(self, metric: str) -> Value:
        """A metric's value."""
        return cache.values(self.build, metric, self.now)[0]

    def earlier(self, metric: str) -> Value | None:
        """What it is compared with."""
        return cache.values(self.build, metric, self.before)[0] if self.before else None

    def trend(self, metric: str) -> list[Value]:
        """A metric's value for each period of the window."""
        return cache.values(self.build, metric, cache.trend(self.build, self.whole, self.grain))

    def by(self, metric: str, group: Literal["application", "team"]) -> list[Value]:
        """A metric's value for each application or team of the selection."""
        return cache.values(self.build, metric, replace(self.now, by=group))

    def over(self, name: str, metric: str, *parameters: object) -> list[Row]:
        """The rows of a query over the observations behind a metric."""
        return cache.over(self.build, name, metric, self.now, *parameters)

    def over_time(self, name: str, metric: str, *parameters: object) -> list[Row]:
        """The same over the whole window, each observation with its period."""
        return cache.over(self.build, name, metric, cache.trend(self.build, self.whole, self.grain), *parameters)

    @property
    def sentence(self) -> str:
        """How much there is of whom, when, compared with what, and up to when: the line under the title."""
        applications = sum(1 for value in self.by("deployment_frequency", "application") if value.n)
        compared = f"compared with {self.chosen.words_before}" if self.before else "without comparison"
        if self.before is None and self.chosen.words_before:
            compared = "without comparison: history does not cover the previous period"
        return (
            f"{text.counted(self.value('deployment_frequency').n, 'production deployment')} of"
            f" {text.counted(applications, 'application')} {self.chosen.words}, {compared}"
            f" · data through {text.moment(self.known.as_of, self.zone)}"
        )


def current() -> View:
    """The view of this run."""
    view: View = st.session_state[KEY]
    return view


def show(view: View) -> View:
    """Make a view that of this run."""
    st.session_state[KEY] = view
    return view
