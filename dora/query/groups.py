"""Which applications a scope selects, by their names and teams, and how they are grouped.

A team's name may be a path, ``platform/delivery``: its group is the first name, and a team includes all below it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from dora.errors import UsageError
from dora.query.value import By, Scope
from dora.sql import catalog
from dora.storage.database import Connection

GROUP_SQL: dict[By | None, str] = {
    "application": "memberships.application",
    "team": "memberships.team",
    "group": "split_part(memberships.team, '/', 1)",
    None: "NULL::VARCHAR",
}


class Selection(NamedTuple):
    """The applications of a scope by group, in the order of an answer, and its query parameters."""

    groups: dict[str | None, list[str]]
    parameters: dict[str, object]


def select_applications(con: Connection, scope: Scope) -> Selection:
    """Return what a scope selects. Raises ``UsageError`` for an application or a team that does not exist."""
    sql = catalog.queries("query")["memberships"].replace("$group", GROUP_SQL[scope.by])
    memberships = con.execute(sql).fetchall()
    validate_names(scope.applications, sorted({application for application, _, _ in memberships}), "application")
    validate_names(scope.teams, sorted({path for _, team, _ in memberships for path in _paths(team)}), "team")
    # A dictionary keeps the order of the query and drops the second membership of an application in a group.
    groups: dict[str | None, dict[str, None]] = {} if scope.by else {None: {}}
    teams = set()
    for application, team, group in memberships:
        if scope.applications and application not in scope.applications:
            continue
        if scope.teams and set(_paths(team)).isdisjoint(scope.teams):
            continue
        groups.setdefault(group, {})[application] = None
        teams.add(team)
    applications = {application for names in groups.values() for application in names}
    return Selection(
        {group: list(names) for group, names in groups.items()},
        {"applications": sorted(applications), "teams": sorted(teams - {None}), "any_team": not scope.teams},
    )


def validate_names(names: Iterable[str], existing: Collection[str], noun: str) -> None:
    """Raise ``UsageError`` for a name that does not exist."""
    for name in names:
        if name not in existing:
            raise UsageError(f"There is no {noun} {name}.", f"use one of {', '.join(existing)}.")


def _paths(team: str | None) -> Iterator[str]:
    """Yield a team and each team above it: ``platform``, ``platform/delivery``."""
    names = team.split("/") if team else []
    for end in range(1, len(names) + 1):
        yield "/".join(names[:end])
