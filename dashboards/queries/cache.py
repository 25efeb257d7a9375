"""The current build and the results of queries over it, cached until another build replaces it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import streamlit as st

import dora
from dashboards.queries import text
from dashboards.queries.selection import Grain
from dora import Delivery, DoraError, Scope, Value

TTL, MAX_ENTRIES = "1h", 400
# For all viewers together, and for one page.
TIERS_OF = 2024  # the last survey of DORA with tiers
MEMORY, PAGE_SECONDS = os.environ.get("DORA_MEMORY", "1GB"), float(os.environ.get("DORA_PAGE_SECONDS", "60"))
EVERY_ATTEMPT = "rework_rate"  # its observations are all deployments; excluded ones are among them, with the reason
Row = dict[str, Any]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Build:
    """One file on disk, the first parameter of every cached function: after a swap its inode is another one."""

    path: str
    inode: int
    modified: int


@dataclass(frozen=True, slots=True)
class DeploymentClass:
    """A class of deployments: the query ``list_by_<by>.sql`` that lists them, and its parameters."""

    by: str = "everything"
    parameters: tuple[str | float, ...] = ()


# The pills of a list, and the words of listed.sql that each stands for.
OUTCOMES = {
    "failed": ("failed", "rolled back"), "rolled back": ("rolled back",), "stopped": ("stopped",),
    "succeeded": ("succeeded",), "dark": ("dark",), "in progress": ("in progress",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """Which deployments of a scope a list has: those of a class that have a text, with one of ``OUTCOMES`` or any."""

    part: DeploymentClass = DeploymentClass()
    text: str = ""
    outcome: str | None = None

    @property
    def sql(self) -> str:
        """The query that selects them."""
        return with_matches(read_sql("listed"), self.text).replace("$part", read_sql(f"list_by_{self.part.by}"))

    @property
    def parameters(self) -> tuple[object, ...]:
        """The parameters of the query."""
        return (*self.part.parameters, *([self.text] if self.text else []))

    @property
    def words(self) -> list[str]:
        """The words of the outcomes that the list has."""
        pills = OUTCOMES.values() if self.outcome is None else [OUTCOMES[self.outcome]]
        return [word for words in pills for word in words]


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


def cached(max_entries: int = MAX_ENTRIES) -> Callable[[Function], Function]:
    """Return a decorator that caches a function's results for all viewers, who must not change them.

    ``st.cache_data`` would copy a result for each viewer and hash parameters field by field, which took longer than
    the rest of a page.
    """
    keys: dict[str | type, Callable[[Any], Any]] = {Build: repr, Scope: repr, DeploymentClass: repr, Listing: repr}
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


@cached()
def values(build: Build, metric: str, scope: Scope) -> list[Value]:
    """Return a metric's values in a scope, one per group and period."""
    return list(open_build(build).values(metric, scope))


@cached()
def trend_scope(build: Build, scope: Scope, grain: Grain) -> Scope:
    """Return the scope by period; all of history is drawn from the period of its first deployment on.

    The first and the last period have what is in the window, so that the counts of a trend add up to its card's.
    """
    first = f"{about(build).first_deployment_at}+00:00"
    return replace(scope, since=scope.since or open_build(build).period(first, grain)[0], every=grain)


@cached()
def period_scope(build: Build, scope: Scope, start: str, grain: Grain) -> Scope:
    """Return the scope narrowed to its part of the period that starts on a local day."""
    since, until = open_build(build).period(start, grain, scope)
    return replace(scope, since=since, until=until)


@cached()
def query_observations(build: Build, query: str, metric: str, scope: Scope, *parameters: object) -> list[Row]:
    """Return the rows of a query over the observations of a metric in a scope."""
    return open_build(build).query_observations(metric, scope, read_sql(query), parameters)


@cached()
def fetch_rows(build: Build, query: str, *parameters: object) -> list[Row]:
    """Return the rows of a query over the entire build."""
    return open_build(build).sql(read_sql(query), list(parameters))


@cached(40)
def speed_and_safety(build: Build, scope: Scope) -> Any:
    """Return the analysis of deployment frequency, batch size and failures in a scope."""
    return open_build(build).speed_and_safety(scope)


@cached()
def survival_curve(build: Build, metric: str, scope: Scope) -> list[Row]:
    """Return the steps of a duration's survival curve."""
    return open_build(build).curve(metric, scope)


def significant_changes(build: Build, scope: Scope, earlier: Scope, by: Literal["application", "team"]) -> list[Any]:
    """Return the changes of the key metrics from an earlier scope, in total and by group, from cached values."""
    return open_build(build).significant_changes(scope, earlier, by, partial(values, build))


def judge_changes(build: Build, metric: str, scope: Scope, earlier: Scope) -> list[Any]:
    """Return the changes of a metric from an earlier scope with their verdicts, from cached values."""
    return open_build(build).judge_changes(metric, scope, earlier, partial(values, build))


@cached(40)
def brief(build: Build, scope: Scope, earlier: Scope | None) -> Any:
    """Return the brief of a scope with its scorecard, from cached values."""
    return open_build(build).brief(scope, earlier, partial(values, build), partial(signals, build))


@cached()
def signals(build: Build, metric: str, scope: Scope) -> Any:
    """Return the weekly series of a metric by group, with their trend alerts."""
    return open_build(build).signals(metric, scope)


@cached(40)
def denominators(build: Build, scope: Scope, names: tuple[str, ...]) -> Any:
    """Return the steps to the denominators of metrics."""
    return open_build(build).denominators(scope, names)


@cached()
def events(build: Build, scope: Scope, zone: str) -> list[Row]:
    """Return the noted events of a scope, the latest first, each with its local ``day`` as ISO 8601."""
    return [
        row | {"day": f"{text.to_local(row['happened_at'], zone):%Y-%m-%d}"} for row in open_build(build).events(scope)
    ]


@cached()
def goals(build: Build, scope: Scope) -> dict[str, Any]:
    """Return the goals that concern a scope as a whole, each with its verdict, by metric."""
    return {result.value.metric: result for result in open_build(build).goals(scope)}


@cached()
def tiers(build: Build, scope: Scope) -> dict[str, Any]:
    """Return the positions in the last survey with tiers that have one, by metric."""
    positions = open_build(build).benchmark(TIERS_OF, scope)
    return {position.value.metric: position for position in positions if position.tier}


@cached()
def definitions_in_force(build: Build, metric: str, scope: Scope) -> list[Row]:
    """Return the definitions that shaped a metric in a scope, and how many applications have each value."""
    return open_build(build).definitions(metric, scope)


@cached()
def list_deployments(build: Build, scope: Scope, limit: int, listing: Listing) -> list[Row]:
    """Return the latest deployments of a list; each row has the number of all of them."""
    sql = read_sql("deployments").replace("$listed", listing.sql)
    return open_build(build).query_observations(EVERY_ATTEMPT, scope, sql, (*listing.parameters, listing.words, limit))


@cached()
def count_outcomes(build: Build, scope: Scope, listing: Listing) -> dict[str, int]:
    """Return the number of a list's deployments for each of ``OUTCOMES``; rolled back are among the failed."""
    sql = read_sql("outcomes").replace("$listed", listing.sql)
    rows = open_build(build).query_observations(EVERY_ATTEMPT, scope, sql, listing.parameters)
    counts = {row["word"]: row["n"] for row in rows}
    return {pill: sum(counts.get(word, 0) for word in words) for pill, words in OUTCOMES.items()}


@cached()
def search_observations(build: Build, query: str, metric: str, scope: Scope, text: str) -> list[Row]:
    """Return the rows of a query over observations whose deployments have a text; with none, all of them."""
    sql = with_matches(read_sql(query), text)
    return open_build(build).query_observations(metric, scope, sql, (text,) if text else ())


@cached(40)
def search_deployments(build: Build, text: str) -> set[str]:
    """Return the ids of all deployments that have a text."""
    sql = with_matches("WITH selected_deployments AS (FROM deployments) SELECT * FROM ($matches)", text)
    return {row["deployment_id"] for row in open_build(build).sql(sql, [text] if text else [])}


def with_matches(sql: str, text: str) -> str:
    """Return a query with the one that finds a text among its ``selected_deployments``, or with all of them."""
    return sql.replace("$matches", read_sql("list_by_text" if text else "list_by_everything"))


@cached(20)
def canaries(build: Build, scope: Scope) -> Any:
    """Return the analysis of canaries in a scope."""
    return open_build(build).canaries(scope)


@cached(40)
def canaries_with_failed_metric(build: Build, metric: str) -> set[tuple[str, str]]:
    """Return source and id of every canary in which a metric failed."""
    return {(row["source"], row["canary_id"]) for row in fetch_rows(build, "canaries_failing", metric)}


def read_sql(name: str) -> str:
    """Return the text of a query of this package."""
    return files("dashboards.queries").joinpath(f"{name}.sql").read_text()
