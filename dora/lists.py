"""Lists of what a build holds, in a scope: the rows behind the pages and commands that are not a metric's."""

from __future__ import annotations

from typing import Any

from dora import groups, periods, query
from dora.values import Scope
from dora.warehouse import Connection

ORDERED = {"journeys": ("merged_at", "change_id")}  # when a row happened, and what tells it from others


def listed(con: Connection, name: str, scope: Scope) -> list[dict[str, Any]]:
    """The rows of a list within a scope's window and applications, the latest first; undated ones where it has none.

    Raises ``UsageError`` for an application, team or moment that does not exist.
    """
    (dated, key), about = ORDERED[name], query.context(con)
    bounds = [_utc(moment, about) for moment in (scope.since, scope.until)]
    meant = groups.chosen(con, scope)
    sql = (
        f"SELECT o.* FROM {name} o {groups.joined(dated)}"  # noqa: S608
        f" WHERE coalesce({dated} >= $1, $1 IS NULL) AND coalesce({dated} < $2, $2 IS NULL)"
        " AND list_contains($3::VARCHAR[], o.application) AND ($4 OR list_contains($5::VARCHAR[], m.team))"
        f" ORDER BY {dated} DESC, {key}, o.application"
    )
    named = [[one.application for one in meant], not scope.teams, [one.team for one in meant if one.team]]
    return query.rows(con, sql, [*bounds, *named])


def _utc(moment: str | None, about: dict[str, Any]) -> object:
    if moment is None:
        return None
    return periods.to_utc(periods.instant(moment, about["timezone"], about["as_of"]), about["timezone"])
