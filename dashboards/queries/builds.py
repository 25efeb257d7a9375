"""The build that pages show, which is open until another one replaces it, and a cache of what is read from it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, cast

import streamlit as st

import dora
from dashboards.queries import text
from dora import Delivery, DoraError, Scope

TTL, MAX_ENTRIES = "1h", 400
# For all viewers together, and for one page.
MEMORY, PAGE_SECONDS = os.environ.get("DORA_MEMORY", "1GB"), float(os.environ.get("DORA_PAGE_SECONDS", "60"))
Row = dict[str, Any]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Build:
    """One file on disk, the first parameter of every cached function: after a swap its inode is another one."""

    path: str
    inode: int
    modified: int


@dataclass(frozen=True, slots=True)
class About:
    """What a build contains; times in UTC, null if it is empty."""

    as_of: datetime | None
    first_deployment_at: datetime | None
    timezone: str
    stale_after: timedelta
    teams: dict[str, list[str]]
    failed_checks: list[str]
    load_warnings: list[str]

    @property
    def begins(self) -> datetime:
        """Start of the history in local time."""
        return text.to_local(self.first_deployment_at or datetime.min, self.timezone)

    @property
    def ends(self) -> datetime:
        """End of the data in local time; at midnight the day that ends is the last one."""
        return text.to_local(self.as_of or datetime.min, self.timezone) - timedelta(microseconds=1)

    @property
    def history(self) -> timedelta:
        """Time from the first deployment to the end of the data."""
        return self.as_of - self.first_deployment_at if self.as_of and self.first_deployment_at else timedelta()


# By path: the last build that was opened, and the error of the one that has replaced it since.
_opened: dict[str, Build] = {}
_errors: dict[str, tuple[Build, DoraError]] = {}


def current() -> Build:
    """Return the build that $DORA_DATABASE names, or the one before it if this version can not open the new one.

    Raises ``DoraError`` if there is none.
    """
    build = _find_build()
    opened, refused = _opened.get(build.path), _errors.get(build.path)
    if opened and refused and refused[0] == build:
        return opened
    _errors.pop(build.path, None)
    try:
        open_build(build)
    except DoraError as error:
        if opened is None or opened.inode == build.inode:  # there is no other file, which is open
            raise
        _errors[build.path] = build, error
        return opened
    _opened[build.path] = build
    return build


def error_of_next(build: Build) -> DoraError | None:
    """Return why the build that has replaced this one can not be opened; null if none has."""
    refused = _errors.get(build.path)
    return refused[1] if refused else None


def _find_build() -> Build:
    path = Path(os.environ.get("DORA_DATABASE", "data/dora.duckdb"))
    try:
        status = path.stat()
    except FileNotFoundError:
        dora.open(path)  # raises the error that names the command to run
        raise
    return Build(str(path), status.st_ino, status.st_mtime_ns)


def cached(max_entries: int = MAX_ENTRIES, types: tuple[type, ...] = ()) -> Callable[[Function], Function]:
    """Return a decorator that caches a function's results for all viewers, who must not change them.

    Its parameters may be builds, scopes, plain values and dataclasses of ``types``.
    ``st.cache_data`` would copy a result for each viewer and hash parameters field by field, which took longer than
    the rest of a page.
    """
    keys: dict[str | type, Callable[[Any], Any]] = dict.fromkeys((Build, Scope, *types), repr)
    decorator = st.cache_resource(ttl=TTL, max_entries=max_entries, show_spinner=False, hash_funcs=keys)
    return cast(Callable[[Function], Function], decorator)


@st.cache_resource(max_entries=2, show_spinner=False)  # two, for runs that began before a swap
def open_build(build: Build) -> Delivery:
    """Return a build that is open, for functions whose results are cached."""
    return dora.open(build.path, memory=MEMORY)


@cached(4)
def about(build: Build) -> About:
    """Return the end of the data, time zone, teams, and what failed in checks and ingests."""
    delivery = open_build(build)
    properties = delivery.about()
    teams: dict[str, list[str]] = {}
    for row in delivery.sql("SELECT team, application FROM definitions ORDER BY team, application"):
        teams.setdefault(row["team"] or "", []).append(row["application"])
    checks = delivery.sql("SELECT title, rows, next FROM check_results WHERE rows > 0 ORDER BY severity, name")
    return About(
        as_of=properties["as_of"],
        first_deployment_at=delivery.sql("SELECT min(traffic_at) AS first FROM deployments")[0]["first"],
        timezone=properties["timezone"],
        stale_after=timedelta(hours=properties["stale_after_hours"]),
        teams=teams,
        failed_checks=[f"{row['title']}: {row['rows']:,}. Next: {row['next']}" for row in checks],
        load_warnings=[_load_warning(row) for row in delivery.sql(read_sql("incomplete_loads"))],
    )


def _load_warning(load: Row) -> str:
    if load["finished_at"] is None:
        return f"The last run of {load['source']} did not finish. Run `dora ingest {load['source']}` again."
    return f"The last run of {load['source']} was partial: {load['partial_failures']}. Run `dora doctor`."


def age(build: Build) -> timedelta | None:
    """Return the time since the end of the data."""
    return open_build(build).age()


def read_sql(name: str) -> str:
    """Return the text of a query of this package."""
    return files("dashboards.queries").joinpath(f"{name}.sql").read_text()
