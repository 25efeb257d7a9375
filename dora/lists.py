"""Lists of what a build holds, in a scope: the rows behind the pages and commands that are not a metric's."""

from __future__ import annotations

from typing import Any

from dora import catalog, groups, periods, query
from dora.values import Scope
from dora.warehouse import Connection

Row = dict[str, Any]
ORDERED = {  # when a row happened, and what tells it from others
    "journeys": ("merged_at", "change_id"),
    "canary_outcomes": ("happened_at", "canary_id"),
    "audit": ("happened_at", "deployment_id"),
    "rollbacks": ("happened_at", "deployment_id"),
    "templates": ("updated_at", "pipeline_id"),
}


def listed(con: Connection, name: str, scope: Scope) -> list[Row]:
    """The rows of a list within a scope's window and applications, the latest first; undated ones where it has none.

    Raises ``UsageError`` for an application, team or moment that does not exist.
    """
    dated, key = ORDERED[name]
    return _rows(
        con,
        f"SELECT o.* FROM {name} o {groups.joined(dated)}"  # noqa: S608 - from the list above
        f" WHERE coalesce({dated} >= $since, $since IS NULL) AND coalesce({dated} < $until, $until IS NULL)"
        " AND list_contains($applications::VARCHAR[], o.application)"
        " AND (len($teams::VARCHAR[]) = 0 OR list_contains($teams::VARCHAR[], m.team))"
        f" ORDER BY {dated} DESC, {key}, o.application",
        scope,
    )


def figures(con: Connection, name: str, scope: Scope) -> list[Row]:
    """The rows of ``dora/figures/<name>.sql`` in a scope. Raises ``UsageError`` as ``listed`` does."""
    return _rows(con, catalog.queries("figures")[name], scope)


def _rows(con: Connection, sql: str, scope: Scope) -> list[Row]:
    about, meant = query.context(con), groups.chosen(con, scope)
    bounds: dict[str, object] = {
        "since": _utc(scope.since, about),
        "until": _utc(scope.until, about),
        "applications": sorted({one.application for one in meant}),
        "teams": sorted({one.team for one in meant if one.team}) if scope.teams else [],
    }
    return query.rows(con, sql, {name: bound for name, bound in bounds.items() if f"${name}" in sql})


def _utc(moment: str | None, about: dict[str, Any]) -> object:
    if moment is None:
        return None
    return periods.to_utc(periods.instant(moment, about["timezone"], about["as_of"]), about["timezone"])
