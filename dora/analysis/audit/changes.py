"""The changes of an audit trail that a filter matches, the latest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dora import periods
from dora.analysis.audit import audit_text
from dora.errors import UsageError, suggest
from dora.query.lists import Row, run_in_scope
from dora.query.metric import build_info
from dora.query.plan import read_query
from dora.query.value import Scope
from dora.sql import catalog
from dora.storage.database import Connection

EVERY_CHANGE = "SELECT deployment_id, TRUE AS found FROM audit_trail_in_scope"
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
    queries = catalog.queries("exceptions")
    if matching.exception is not None and matching.exception not in queries:
        raise UsageError(f"There is no audit exception {matching.exception}.", suggest(matching.exception, queries))
    condition = queries[matching.exception] if matching.exception else EVERY_CHANGE
    rows = run_in_scope(
        con, read_query("audit_changes").replace("$exception", condition), scope,
        hour=matching.hour, search=matching.search.strip().lower(), limit=NO_LIMIT if limit is None else limit,
    )  # fmt: skip
    total = rows[0]["listed"] if rows else 0
    return ChangeList([*_with_local_time(rows, build_info(con)["timezone"])], total)


def _with_local_time(rows: list[Row], zone: str) -> Iterator[Row]:
    for row in rows:
        del row["listed"]
        yield row | {"local_time": periods.with_offset(row["changed_at"] or row["happened_at"], zone)}
