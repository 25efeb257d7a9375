"""What the audit page asks of a build, cached; lists are limited by the query."""

from __future__ import annotations

from typing import Any

from dashboards.queries.builds import Build, Row, cached, open_build
from dora import Scope

ChangeFilter = tuple[str | None, int | None, str]  # name of an exception, hour of the week, text


@cached(8)
def trail(build: Build, scope: Scope) -> Any:
    """Return the audit trail of a scope without its rows."""
    return open_build(build).audit(scope, limit=0)


@cached()
def changes(build: Build, scope: Scope, matching: ChangeFilter, limit: int) -> Any:
    """Return the latest production changes of a scope that a filter matches."""
    return every_change(build, scope, matching, limit)


def every_change(build: Build, scope: Scope, matching: ChangeFilter, limit: int | None = None) -> Any:
    """Return production changes as ``changes`` does, not cached: all of them can be much."""
    exception, hour, search = matching
    return open_build(build).changes(scope, exception=exception, hour=hour, search=search, limit=limit)


@cached()
def changes_by_hour(build: Build, scope: Scope) -> list[Row]:
    """Return the production changes of a scope by hour of the local week."""
    return open_build(build).analyse("changes_by_hour", scope)


@cached()
def approval_waits(build: Build, scope: Scope) -> list[Row]:
    """Return some hundred changes of a scope that waited for an approval."""
    return open_build(build).analyse("approval_waits", scope)
