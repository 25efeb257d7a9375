"""Whose rows a scope means: applications, the teams they belonged to at the time, and the groups of teams.

A team's name may be a path, ``platform/delivery``: its group is the first name, and asking for a group means all below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dora.errors import UsageError
from dora.query.value import By, Scope
from dora.storage.database import Connection

SQL: Mapping[By | None, str] = {
    "application": "m.application",
    "team": "m.team",
    "group": "split_part(m.team, '/', 1)",
    None: "NULL",
}


def moved(con: Connection) -> bool:
    """Whether any application ever moved from one team to another."""
    rows = con.execute("SELECT count(*) > count(DISTINCT application) FROM memberships").fetchall()
    return bool(rows[0][0])


def joined(dated: str = "happened_at", *, moved: bool = True, source: str = "memberships") -> str:
    """SQL that joins ``memberships m`` to rows ``o``: the team at the time, that of today for what has no time.

    Where nobody ``moved`` there is one membership an application, whatever the time.
    """
    if not moved:
        return f"INNER JOIN {source} m ON o.application = m.application"
    return (
        f"INNER JOIN {source} m ON o.application = m.application AND coalesce(o.{dated}, m.since) >= m.since"
        f" AND coalesce(o.{dated} < m.until, m.until = 'infinity')"
    )


def placed(by: By | None) -> str:
    """SELECT of the memberships with the group ``grp`` that each is in, and the ``place`` of it among all, from 0."""
    group = f"{SQL[by]}::VARCHAR"
    return f"(SELECT m.*, {group} AS grp, dense_rank() OVER (ORDER BY {group}) - 1 AS place FROM memberships m)"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Membership:
    """A team that an application belongs to, or belonged to (null: to none)."""

    application: str
    team: str | None

    def named(self, by: By | None) -> str | None:
        """The group that its rows stand in."""
        if by == "application":
            return self.application
        if by is None or self.team is None:
            return None
        return self.team if by == "team" else self.team.partition("/")[0]


def chosen(con: Connection, scope: Scope) -> list[Membership]:
    """The memberships that a scope means; raises ``UsageError`` for an application or team that does not exist."""
    rows = con.execute("SELECT DISTINCT application, team FROM memberships ORDER BY ALL").fetchall()
    memberships = [Membership(*row) for row in rows]
    for name in scope.applications:
        known(name, sorted({one.application for one in memberships}), "application")
    for name in scope.teams:
        known(name, sorted({path for one in memberships for path in _paths(one.team)}), "team")
    return [one for one in memberships if _meant(one, scope)]


def known(given: str | None, names: Iterable[str], what: str) -> None:
    """Raise ``UsageError`` for a word that is not one of those there are."""
    if given is not None and given not in (listed := list(names)):
        raise UsageError(f"There is no {what} {given}.", f"use one of {', '.join(listed)}.")


def _paths(team: str | None) -> Iterator[str]:
    """A team, and each group that it stands in."""
    names = team.split("/") if team else []
    for end in range(1, len(names) + 1):
        yield "/".join(names[:end])


def _meant(one: Membership, scope: Scope) -> bool:
    named = not scope.applications or one.application in scope.applications
    return named and (not scope.teams or any(path in scope.teams for path in _paths(one.team)))


def grouped(memberships: Iterable[Membership], by: By | None) -> dict[str | None, list[str]]:
    """Applications by group, in the order in which groups are shown."""
    groups: dict[str | None, list[str]] = {} if by else {None: []}
    for one in memberships:
        names = groups.setdefault(one.named(by), [])
        if one.application not in names:
            names.append(one.application)
    return dict(sorted(groups.items(), key=lambda item: (item[0] is None, item[0])))
