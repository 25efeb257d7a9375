"""Lists of a build's rows in a scope, and analyses over them: what pages and commands show that is not a metric."""

from __future__ import annotations

import re
from typing import Any

from dora import periods
from dora.query.metric import build_info, fetch_rows
from dora.query.plan import read_query, select_applications
from dora.query.value import Scope
from dora.sql import catalog
from dora.storage.database import Connection

Row = dict[str, Any]
LISTS = {  # the column that says when a row happened, and the one that identifies it
    "change_timeline": ("merged_at", "change_id"),
    "canary_outcomes": ("happened_at", "canary_id"),
    "audit_trail": ("happened_at", "deployment_id"),
    "rollbacks": ("happened_at", "deployment_id"),
    "pipeline_templates": ("updated_at", "pipeline_id"),
}


def list_rows(con: Connection, name: str, scope: Scope) -> list[Row]:
    """Return the rows of a list within a scope, the latest first; without a window also those without a time.

    Raises ``UsageError`` for an application, team or date that does not exist.
    """
    return run_in_scope(con, _rows_in_scope(name), scope)


def run_analysis(con: Connection, name: str, scope: Scope) -> list[Row]:
    """Return the rows of ``dora/sql/analyses/<name>.sql`` in a scope. Raises ``UsageError`` as ``list_rows`` does."""
    return run_in_scope(con, catalog.queries("analyses")[name], scope)


def run_in_scope(con: Connection, sql: str, scope: Scope, **parameters: object) -> list[Row]:
    """Return the rows of a query in which ``$change_timeline`` stands for that list in a scope; so do all lists.

    Raises ``UsageError`` as ``list_rows`` does.
    """
    info = build_info(con)
    zone, as_of = info["timezone"], info["as_of"]
    since, until = (
        periods.to_utc(moment, zone) if moment else None
        for moment in periods.parse_window(scope.since, scope.until, zone, as_of)
    )
    lists = rf"\$({'|'.join(LISTS)})\b"
    in_scope = re.sub(lists, lambda match: f"(\n{_rows_in_scope(match[1])})", sql)
    _, selection = select_applications(con, scope)
    return fetch_rows(con, in_scope, {**selection, "since": since, "until": until, **parameters})


def _rows_in_scope(name: str) -> str:
    time, key = LISTS[name]
    return read_query("rows_in_scope", list=name, time=time, key=key)
