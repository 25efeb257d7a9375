"""Numbers and analyses of a build, cached until another build replaces it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Literal

from dashboards.queries import text
from dashboards.queries.builds import Build, Row, about, cached, open_build, read_sql
from dashboards.queries.selection import Grain
from dora import Scope, Value

TIERS_OF = 2024  # the last survey of DORA with tiers
EVERY_ATTEMPT = "rework_rate"  # its observations are all deployments; excluded ones are among them, with the reason


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
