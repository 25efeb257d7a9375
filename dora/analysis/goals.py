"""Goals against values: met, missed, or undecided where the interval of the value has the limit in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from dora.query.metric import compute_metric, fetch_rows
from dora.query.value import Scope, Value
from dora.render import text
from dora.sql import catalog
from dora.storage.database import Connection

Verdict = Literal["met", "missed", "undecided", "no value"]
_SIGNS = {"at_most": "≤", "at_least": "≥"}


@dataclass(frozen=True, slots=True)
class GoalResult:
    """One goal and the value that it is about.

    ``goal`` is its limit in the unit of the metric; ``owner`` (organisation, team, application) and ``name`` say whose
    it is: a group without a goal of its own takes that of its team, of the team above, or of the organisation.
    """

    value: Value
    owner: str
    name: str | None
    bound: Literal["at_most", "at_least"]
    goal: float

    @property
    def text(self) -> str:
        """The goal in words: ``p75 ≤ 60 min``."""
        own = catalog.metrics()[self.value.metric].statistic == self.value.statistic
        statistic = "" if own else f"{self.value.statistic} "
        return f"{statistic}{_SIGNS[self.bound]} {text.quantity(self.goal, self.value.unit)}"

    @property
    def verdict(self) -> Verdict:
        """Met or missed if the whole 95 % interval is on one side of the limit; undecided at this n otherwise."""
        low, high = self.value.low, self.value.high
        if self.value.value is None:
            return "no value"
        if self.bound == "at_most":
            met, missed = high is not None and high <= self.goal, low is not None and low > self.goal
        else:
            met, missed = low is not None and low >= self.goal, high is not None and high < self.goal
        return "met" if met else "missed" if missed else "undecided"

    def line(self) -> dict[str, Any]:
        """Return one row of a table."""
        return {
            "metric": catalog.metrics()[self.value.metric].title_for(self.value.statistic),
            "group": self.value.group,
            "goal": self.text,
            "value": self.value.text,
            "evidence": self.value.evidence,
            "verdict": self.verdict,
            "goal of": self.name or self.owner,
        }


def evaluate_goals(con: Connection, scope: Scope) -> list[GoalResult]:
    """Return every goal that concerns a group of a scope, with its value there; in the order of the metrics.

    Without ``scope.by`` the only group is the team or application that the scope selects, if it selects one.
    """
    goals = {(row["owner"], row["name"], row["metric"]): row for row in fetch_rows(con, "SELECT * FROM goals", [])}
    teams = dict(con.execute("SELECT application, last(team ORDER BY until) FROM memberships GROUP BY ALL").fetchall())
    results = []
    for metric in catalog.metrics():
        statistics = dict.fromkeys(goal["statistic"] for goal in goals.values() if goal["metric"] == metric)
        for statistic in statistics:
            for value in compute_metric(con, metric, _with_statistic(scope, statistic)):
                owners = _list_owners(scope, value.group, teams)
                goal = next(
                    (goals[owner, name, metric] for owner, name in owners if (owner, name, metric) in goals), None
                )
                if goal and goal["statistic"] == statistic:
                    results.append(GoalResult(value, goal["owner"], goal["name"], goal["bound"], goal["goal"]))
    return results


def _with_statistic(scope: Scope, statistic: str | None) -> Scope:
    return Scope(scope.since, scope.until, scope.by, None, scope.applications, scope.teams, statistic)


def _list_owners(scope: Scope, group: str | None, teams: dict[str, str | None]) -> Iterator[tuple[str, str | None]]:
    """Yield whose goals a group may have, the nearest first."""
    application = group if scope.by == "application" else None
    team = group if scope.by in ("team", "group") else None
    if scope.by is None and len(scope.applications) == 1:
        (application,) = scope.applications
    elif scope.by is None and len(scope.teams) == 1:
        (team,) = scope.teams
    if application:
        yield "application", application
        team = teams.get(application)
    path = (team or "").split("/")
    for end in range(len(path), 0, -1):
        yield "team", "/".join(path[:end])
    yield "organisation", None
