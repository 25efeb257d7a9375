"""The changes of an audit trail that a filter matches, the latest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dora import periods
from dora.analysis.audit import audit_text
from dora.errors import UsageError, suggest
from dora.query.lists import Row, stream_in_scope
from dora.query.metric import build_info
from dora.query.plan import read_query
from dora.query.value import Scope
from dora.sql import catalog
from dora.storage.database import Connection

FOUND = "deployment_id IN (SELECT deployment_id FROM ($exception) WHERE found)"
NO_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes to list: with one exception, in one hour of the local week (0 is Monday from 0:00), with a text.

    The text is searched, in any case, in the names, people, commits and requests of a change and of what it shipped.
    """

    exception: str | None = None
    hour: int | None = None
    search: str = ""


@dataclass(frozen=True, slots=True)
class ChangeList:
    """The latest changes that a filter matches; ``total`` counts all of them."""

    rows: list[Row]
    total: int

    def lines(self) -> list[Row]:
        """Return the rows for a table: local times, short commits, exceptions in words."""
        return [audit_text.change_cells(row) for row in self.rows]


def list_changes(con: Connection, scope: Scope, matching: ChangeFilter, limit: int | None = None) -> ChangeList:
    """Return the latest changes of a scope that a filter matches, with ``local_time`` and its offset.

    Raises ``UsageError`` for an unknown exception, application or team, or an invalid date.
    """
    rows = list(_stream_listed(con, scope, matching, limit))
    total = rows[0]["listed"] if rows else 0
    return ChangeList([_without_count(row) for row in rows], total)


def stream_changes(con: Connection, scope: Scope, matching: ChangeFilter) -> Iterator[Row]:
    """Yield the rows of ``list_changes``; only some of them are in memory at a time."""
    return map(_without_count, _stream_listed(con, scope, matching, None))


def _stream_listed(con: Connection, scope: Scope, matching: ChangeFilter, limit: int | None) -> Iterator[Row]:
    sql = read_query("audit_changes").replace("$conditions", " AND ".join(_conditions(matching)) or "TRUE")
    zone = build_info(con)["timezone"]
    rows = stream_in_scope(
        con, sql, scope, hour=matching.hour, search=matching.search.strip().lower(),
        limit=NO_LIMIT if limit is None else limit,
    )  # fmt: skip
    return (row | {"local_time": periods.with_offset(row["changed_at"] or row["happened_at"], zone)} for row in rows)


def _without_count(row: Row) -> Row:
    del row["listed"]
    return row


def _conditions(matching: ChangeFilter) -> Iterator[str]:
    """Yield a condition for each part of a filter that is set: the others would cost a pass over all changes."""
    exceptions = catalog.queries("exceptions")
    if matching.exception is not None and matching.exception not in exceptions:
        raise UsageError(f"There is no audit exception {matching.exception}.", suggest(matching.exception, exceptions))
    if matching.exception:
        yield FOUND.replace("$exception", exceptions[matching.exception])
    if matching.hour is not None:
        yield "hour_of_week = $hour"
    if matching.search.strip():
        yield f"deployment_id IN ({read_query('audit_search')})"
