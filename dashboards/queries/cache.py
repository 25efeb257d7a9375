"""The build that is shown and its rows, cached until another build takes its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, cast

import streamlit as st

import dora
from dashboards.queries import text as wording
from dashboards.queries.selection import Grain
from dora import Delivery, Scope, Value

TTL, ENTRIES = "1h", 400
EVERY_ATTEMPT = "rework_rate"  # its observations are all deployments, those left out named with the reason
Row = dict[str, Any]
Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Build:
    """One file as it lies on disk; after a swap it is another one, and so are all cached answers."""

    path: str
    inode: int
    modified: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the deployments: what they are told apart by (a query ``list_by_<of>.sql``), and its parameters."""

    of: str = "everything"
    parameters: tuple[str | float, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What a build is made of; instants in UTC, null where it holds nothing."""

    as_of: datetime | None
    first: datetime | None
    timezone: str
    stale_after: timedelta
    teams: dict[str, list[str]]
    findings: list[str]
    troubles: list[str]

    @property
    def begins(self) -> datetime:
        """When history begins, in local time."""
        return wording.local(self.first or datetime.min, self.timezone)

    @property
    def ends(self) -> datetime:
        """When the data ends, in local time; a day that ends with it at midnight is the last one."""
        return wording.local(self.as_of or datetime.min, self.timezone) - timedelta(microseconds=1)

    @property
    def history(self) -> timedelta:
        """From the first deployment seen to the end of the data."""
        return self.as_of - self.first if self.as_of and self.first else timedelta()


def current() -> Build:
    """The build named by $DORA_DATABASE. Raises ``DoraError`` where there is none."""
    path = Path(os.environ.get("DORA_DATABASE", "data/dora.duckdb"))
    try:
        found = path.stat()
    except FileNotFoundError:
        dora.open(path)  # says what to run
        raise
    return Build(str(path), found.st_ino, found.st_mtime_ns)


def kept(most: int = ENTRIES) -> Callable[[Callable[Asked, Answer]], Callable[Asked, Answer]]:
    """Keep so many answers of a function for all viewers, who only read them.

    Copies for each viewer, and keys made field by field, took longer than all else that a page does.
    """
    keys: dict[str | type, Callable[[Any], Any]] = {Build: repr, Scope: repr, Part: repr}
    keeping = st.cache_resource(ttl=TTL, max_entries=most, show_spinner=False, hash_funcs=keys)
    return cast(Callable[[Callable[Asked, Answer]], Callable[Asked, Answer]], keeping)


@st.cache_resource(max_entries=2, show_spinner=False)
def _opened(build: Build) -> Delivery:
    return dora.open(build.path)


@kept(4)
def about(build: Build) -> About:
    """Clock, time zone, teams and what the checks found."""
    delivery = _opened(build)
    known = delivery.about()
    first = delivery.sql("SELECT min(traffic_at) AS first FROM deployments")[0]["first"]
    teams: dict[str, list[str]] = {}
    for row in delivery.sql("SELECT team, application FROM definitions ORDER BY team, application"):
        teams.setdefault(row["team"] or "", []).append(row["application"])
    found = delivery.sql("SELECT title, rows, next FROM check_results WHERE rows > 0 ORDER BY severity, name")
    findings = [f"{row['title']}: {row['rows']:,}. Next: {row['next']}" for row in found]
    stale_after = timedelta(hours=known["stale_after_hours"])
    troubles = [_trouble(row) for row in delivery.sql(_query("troubled_loads"))]
    return About(known["as_of"], first, known["timezone"], stale_after, teams, findings, troubles)


def _trouble(load: Row) -> str:
    """What the last run of a source left undone, and what to run."""
    if load["finished_at"] is None:
        return f"The last run of {load['source']} did not finish. Run `dora ingest {load['source']}` again."
    return f"The last run of {load['source']} was partial: {load['trouble']}. Run `dora doctor`."


def age(build: Build) -> timedelta | None:
    """How old the data is now."""
    return _opened(build).age()


@kept()
def values(build: Build, metric: str, scope: Scope) -> list[Value]:
    """A metric's values in a scope, one or one per group and period."""
    return list(_opened(build).values(metric, scope))


@kept()
def trend(build: Build, scope: Scope, grain: Grain) -> Scope:
    """The scope cut into periods from the start of its first one, so that only the running one is partial."""
    if scope.since is None:
        return replace(scope, since=f"{about(build).first}+00:00", every=grain)
    return replace(scope, since=_opened(build).period(scope.since, grain)[0], every=grain)


@kept()
def within(build: Build, scope: Scope, start: str, grain: Grain) -> Scope:
    """The scope narrowed to the period that starts on a local day."""
    since, until = _opened(build).period(start, grain)
    return replace(scope, since=since, until=min(until, scope.until) if scope.until else until)


@kept()
def over(build: Build, name: str, metric: str, scope: Scope, *parameters: object) -> list[Row]:
    """The rows of a query over the observations behind a metric in a scope."""
    return _opened(build).query_observations(metric, scope, _query(name), parameters)


@kept()
def rows(build: Build, name: str, *parameters: object) -> list[Row]:
    """The rows of a query over the whole build."""
    return _opened(build).sql(_query(name), list(parameters))


@kept(40)
def claims(build: Build, scope: Scope) -> Any:
    """What the deployments of a scope say about frequency, size and safety."""
    return _opened(build).speed_and_safety(scope)


@kept()
def curve(build: Build, metric: str, scope: Scope) -> list[Row]:
    """The steps of a duration's survival curve."""
    return _opened(build).curve(metric, scope)


def significant_changes(build: Build, scope: Scope, earlier: Scope, by: Literal["application", "team"]) -> list[Any]:
    """The changes of the key metrics from an earlier scope, in total and by group, from values that pages share."""
    return _opened(build).significant_changes(scope, earlier, by, partial(values, build))


@kept()
def signals(build: Build, metric: str, scope: Scope) -> Any:
    """The weekly series of a metric by group, with what noise does not explain."""
    return _opened(build).signals(metric, scope)


@kept()
def choices(build: Build, metric: str, scope: Scope) -> list[Row]:
    """The definitions in force that shaped a metric in a scope, with how many applications have each value."""
    return _opened(build).definitions(metric, scope)


@kept()
def deployments(build: Build, scope: Scope, limit: int, part: Part) -> list[Row]:
    """The first attempts to deploy in a scope, the one with the slowest change first; each says how many there are."""
    text = _query("deployments").replace("$part", _query(f"list_by_{part.of}"))
    return _opened(build).query_observations(EVERY_ATTEMPT, scope, text, (*part.parameters, limit))


@kept(20)
def canaries(build: Build, scope: Scope) -> Any:
    """What canaries are worth in a scope, as the door tells it."""
    return _opened(build).canaries(scope)


@kept(40)
def failing(build: Build, metric: str) -> set[tuple[str, str]]:
    """Source and id of every canary in which a metric failed."""
    return {(row["source"], row["canary_id"]) for row in rows(build, "canaries_failing", metric)}


@kept(8)
def audit(build: Build, scope: Scope) -> Any:
    """Every change of production in a scope, as the door tells it."""
    return _opened(build).audit(scope)


def _query(name: str) -> str:
    return files("dashboards.queries").joinpath(f"{name}.sql").read_text()
