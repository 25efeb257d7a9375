"""A scope made definite for one metric: its applications, window and the queries that select its rows.

A team's name may be a path, ``platform/delivery``: its group is the first name, and a team includes all below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import NamedTuple

from dora import periods
from dora.config.patterns import fold
from dora.errors import UsageError, suggest
from dora.periods import GRAINS, Grain, Period
from dora.query.value import GROUPS, RATES, By, Scope
from dora.sql import catalog
from dora.sql.catalog import Metric
from dora.storage.build_results import once_per_build
from dora.storage.database import Connection

SPREAD = ("median", "plain_median", "p75", "p90", "mean")  # statistics of durations and sizes
FIRST_DAY = 'SELECT min(happened_at) FROM daily_counts."$metric"'
INSTANT = timedelta(microseconds=1)
GROUP_SQL: dict[By | None, str] = {
    "application": "memberships.application",
    "team": "memberships.team",
    "group": "split_part(memberships.team, '/', 1)",
    "assistance": "NULL::VARCHAR",  # a group of observations, not of applications
    None: "NULL::VARCHAR",
}


class Members(NamedTuple):
    """Whose observations a scope is about, and how they are grouped: the parts of ``Scope`` of these names."""

    by: By | None
    applications: tuple[str, ...]
    teams: tuple[str, ...]


@dataclass(frozen=True)
class ScopePlan:
    """What a scope means for one metric.

    ``window`` is in local time of ``zone``; ``undated`` tells that it has no bounds, so that observations without a
    time are in it. ``groups`` holds the applications of each group, in the order of the answer; ``group_sql`` is SQL
    for its name. ``with_history`` holds the groups that have an observation in all of history; the others have no
    number, not a zero. ``relevant_change`` is how large a move of a group must be to matter: the least that one of its
    applications asks for.
    """

    metric: Metric
    members: Members
    statistic: str
    every: Grain | None
    window: Period
    undated: bool
    zone: str
    as_of: datetime | None
    groups: Mapping[str | None, list[str]]
    group_sql: str
    selection: Mapping[str, object]
    assistance: str | None
    with_history: frozenset[str | None]
    relevant_change: Mapping[str | None, float]

    @cached_property
    def periods(self) -> list[Period | None]:
        """The periods that meet the window; None, the window itself, if the scope has no ``every``."""
        return list(periods.split(self.window, self.every)) if self.every else [None]

    @cached_property
    def utc_window(self) -> tuple[datetime, datetime]:
        """Start and end of the window as UTC instants."""
        return periods.to_utc(self.window.start, self.zone), periods.to_utc(self.window.end, self.zone)

    def sql(self, name: str) -> str:
        """Return the text of a query for the metric's tables, with SQL for the group and for local time."""
        local_time = periods.local_time_sql("observations.happened_at", self.zone, *self.utc_window)
        return read_query(name, metric=self.metric.name, group=self.group_sql, local_time=local_time)

    @cached_property
    def parameters(self) -> dict[str, object]:
        """Values of all named parameters of the queries."""
        since, until = self.utc_window
        # The build has daily counts: only the parts of days at both ends of the window are counted from observations.
        complete_days = self.window.complete_days()
        return {
            **self.selection,
            "groups": list(self.groups),
            "count_days": self.statistic == "days",
            "since": since,
            "until": until,
            "undated": self.undated,
            "every": self.every,
            "first_day": complete_days.start,
            "last_day": complete_days.end,
            "first_midnight": periods.to_utc(complete_days.start, self.zone),
            "last_midnight": periods.to_utc(complete_days.end, self.zone),
        }

    def execute(self, con: Connection, name: str, **parameters: object) -> Connection:
        """Run a query of ``dora/sql/query`` with the parameters of the plan and further ones."""
        return execute(con, self.sql(name), {**self.parameters, **parameters})


@cache  # files are read once per process, not once per number
def read_query(name: str, **sql: str) -> str:
    """Return the text of ``dora/sql/query/<name>.sql`` with names and expressions of SQL in place of ``$keyword``."""
    text = catalog.queries("query")[name]
    return re.sub(r"\$(\w+)", lambda match: sql.get(match[1], match[0]), text)


def execute(con: Connection, sql: str, parameters: Mapping[str, object]) -> Connection:
    """Run a query with those of the named parameters that it has: DuckDB refuses a value for any other."""
    names = set(re.findall(r"\$(\w+)", sql))
    return con.execute(sql, {name: value for name, value in parameters.items() if name in names})


def resolve_scope(con: Connection, metric: Metric, scope: Scope) -> ScopePlan:
    """Return what a scope means for a metric.

    Raises ``UsageError`` for a statistic, group, period, date, application or team that does not exist.
    """
    _validate_option("--by", scope.by, (*GROUPS, "assistance"))
    _validate_option("--every", scope.every, GRAINS)
    statistics = SPREAD if metric.statistic in SPREAD else (metric.statistic,)
    _validate_option(f"The statistic of {metric.name}", scope.statistic, statistics)
    zone, as_of = _read_build(con)
    members = _members(scope)
    groups, selection = select_members(con, members)
    changes = _read_relevant_changes(con, metric.statistic == "share")
    return ScopePlan(
        metric=metric,
        members=members,
        statistic=scope.statistic or metric.statistic,
        every=scope.every,
        window=_window(con, metric, scope, zone, as_of),
        undated=scope.since is None and scope.until is None,
        zone=zone,
        as_of=as_of,
        groups=groups,
        group_sql=GROUP_SQL[scope.by],
        selection=selection | {"assistance": scope.assistance},
        assistance=scope.assistance,
        with_history=_read_groups_with_history(con, metric.name, metric.statistic in RATES, members),
        relevant_change={group: min((changes[name] for name in names), default=0.0) for group, names in groups.items()},
    )


@once_per_build
def _read_build(con: Connection) -> tuple[str, datetime | None]:
    """Return the time zone and the end of the data in UTC."""
    ((zone, as_of),) = con.execute("SELECT timezone, as_of FROM build").fetchall()
    return zone, as_of


@once_per_build
def _read_relevant_changes(con: Connection, is_share: bool) -> dict[str, float]:
    return dict(execute(con, read_query("relevant_changes"), {"is_share": is_share}).fetchall())


@once_per_build
def _read_groups_with_history(con: Connection, metric: str, is_rate: bool, members: Members) -> frozenset[str | None]:
    _, selection = select_members(con, members)
    sql = read_query("groups_with_history", metric=metric, group=GROUP_SQL[members.by])
    return frozenset(group for (group,) in execute(con, sql, {**selection, "is_rate": is_rate}).fetchall())


@once_per_build
def _read_first_instant(con: Connection, metric: str) -> datetime | None:
    ((first,),) = con.execute(FIRST_DAY.replace("$metric", metric)).fetchall()
    return first  # type: ignore[no-any-return]


def _validate_option(option: str, value: str | None, choices: Sequence[str]) -> None:
    if value is not None and value not in choices:
        *others, last = choices
        allowed = f"{', '.join(others)} or {last}" if others else last
        raise UsageError(f"{option} must be {allowed}, not {value!r}.", suggest(str(value), choices))


def _window(con: Connection, metric: Metric, scope: Scope, zone: str, as_of: datetime | None) -> Period:
    """From ``since``, else the first day with an observation, to ``until``, else the end of the data."""
    # The window's end is not included, and an observation may happen at the very end of the data.
    end_of_data = periods.to_local(as_of, zone) + INSTANT if as_of else datetime(1970, 1, 1)
    start, end = periods.parse_window(scope.since, scope.until, zone, as_of or end_of_data)
    end = end or end_of_data
    if start is None:
        first = _read_first_instant(con, metric.name)
        start = periods.floor(periods.to_local(first, zone), "day") if first else end
    if start > end:
        raise UsageError(
            f"The window ends ({end:%Y-%m-%d %H:%M}) before it starts ({start:%Y-%m-%d %H:%M}).",
            "give a start (since) before the end (until).",
        )
    return Period(start, end)


def select_applications(con: Connection, scope: Scope) -> tuple[dict[str | None, list[str]], dict[str, object]]:
    """Return the applications of a scope by group, in the order of an answer, and its query parameters.

    Raises ``UsageError`` for an application or a team that does not exist.
    """
    return select_members(con, _members(scope))


def _members(scope: Scope) -> Members:
    return Members(scope.by, tuple(scope.applications), tuple(scope.teams))


@once_per_build
def select_members(con: Connection, members: Members) -> tuple[dict[str | None, list[str]], dict[str, object]]:
    """Return what ``select_applications`` returns, for the part of a scope that it depends on."""
    memberships = con.execute(read_query("memberships", group=GROUP_SQL[members.by])).fetchall()
    existing = {application for application, _, _ in memberships}
    spellings = con.execute("SELECT spelling, name FROM name_spellings WHERE kind = 'application'").fetchall()
    names = {fold(spelling): name for spelling, name in spellings if name in existing}
    selected = match_names(members.applications, names, "application")
    paths = {fold(path): path for _, team, _ in memberships for path in _paths(team)}
    selected_teams = match_names(members.teams, paths, "team")
    # A dictionary keeps the order of the query and drops the second membership of an application in a group.
    groups: dict[str | None, dict[str, None]] = {} if members.by in GROUPS else {None: {}}
    teams = set()
    for application, team, group in memberships:
        in_teams = not members.teams or not selected_teams.isdisjoint(_paths(team))
        if in_teams and (not selected or application in selected):
            groups.setdefault(group, {})[application] = None
            teams.add(team)
    applications = {application for names in groups.values() for application in names}
    parameters = {
        "applications": sorted(applications),
        "any_application": not (members.applications or members.teams),
        "teams": sorted(teams - {None}),
        "any_team": not members.teams,
    }
    return {group: list(names) for group, names in groups.items()}, parameters


def match_names(names: Iterable[str], existing: Mapping[str, str], noun: str) -> set[str]:
    """Return the existing names by what the user wrote, in any case; ``existing`` has them by their folded form.

    Raises ``UsageError`` for a name that does not exist.
    """
    for name in names:
        if fold(name) not in existing:
            raise UsageError(f"There is no {noun} {name}.", suggest(name, existing.values()))
    return {existing[fold(name)] for name in names}


def _paths(team: str | None) -> Iterator[str]:
    """Yield a team and each team above it: ``platform``, ``platform/delivery``."""
    names = team.split("/") if team else []
    for end in range(1, len(names) + 1):
        yield "/".join(names[:end])
