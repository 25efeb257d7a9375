"""Lists of what a build holds, in a scope, and sums over them: what pages and commands show that is not a metric."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dora import periods
from dora.query import groups
from dora.query.metric import build_info, fetch_rows
from dora.query.value import Scope
from dora.sql import catalog
from dora.storage.database import Connection

Row = dict[str, Any]
ORDERED = {  # when a row happened, and what tells it from others
    "change_timeline": ("merged_at", "change_id"),
    "canary_outcomes": ("happened_at", "canary_id"),
    "audit_trail": ("happened_at", "deployment_id"),
    "rollbacks": ("happened_at", "deployment_id"),
    "pipeline_templates": ("updated_at", "pipeline_id"),
}


def list_rows(con: Connection, name: str, scope: Scope) -> list[Row]:
    """The rows of a list within a scope's window and applications, the latest first; undated ones where it has none.

    Raises ``UsageError`` for an application, team or moment that does not exist.
    """
    dated, key = ORDERED[name]
    return _fetch(con, f"{_scoped(name)} ORDER BY {dated} DESC, {key}, o.application", scope)


def run_analysis(con: Connection, name: str, scope: Scope) -> list[Row]:
    """Return the rows of ``dora/sql/analyses/<name>.sql`` in a scope. Raises ``UsageError`` as ``list_rows`` does."""
    return run_in_scope(con, catalog.queries("analyses")[name], scope)


def run_in_scope(con: Connection, sql: str, scope: Scope, **parameters: object) -> list[Row]:
    """Return the rows of a query in which ``$change_timeline`` stands for that list in a scope; so do all lists.

    Raises ``UsageError`` as ``list_rows`` does.
    """
    in_scope = re.sub(rf"\$({'|'.join(ORDERED)})\b", lambda match: f"({_scoped(match[1])})", sql)
    return _fetch(con, in_scope, scope, parameters)


def _scoped(name: str) -> str:
    """SQL of the rows of a list in a scope; its window is open where it has no bound."""
    dated, _ = ORDERED[name]
    return (
        f"SELECT o.* FROM {name} o {groups.joined(dated)}"  # noqa: S608 - from the list above
        f" WHERE coalesce(o.{dated} >= $since, $since IS NULL) AND coalesce(o.{dated} < $until, $until IS NULL)"
        " AND list_contains($applications::VARCHAR[], o.application)"
        " AND ($any_team OR list_contains($teams::VARCHAR[], m.team))"
    )


def _fetch(con: Connection, sql: str, scope: Scope, parameters: Mapping[str, object] | None = None) -> list[Row]:
    about, meant = build_info(con), groups.chosen(con, scope)
    given = {
        "since": _utc(scope.since, about),
        "until": _utc(scope.until, about),
        "applications": [one.application for one in meant],
        "any_team": not scope.teams,
        "teams": [one.team for one in meant if one.team],
        **(parameters or {}),
    }
    return fetch_rows(con, sql, {name: value for name, value in given.items() if f"${name}" in sql})


def _utc(moment: str | None, about: dict[str, Any]) -> object:
    if moment is None:
        return None
    return periods.to_utc(periods.parse_moment(moment, about["timezone"], about["as_of"]), about["timezone"])
