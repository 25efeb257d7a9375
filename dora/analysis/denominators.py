"""How the denominators of a scope add up: what each number counts, and why it does not count the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from dora.query.metric import fetch_rows
from dora.query.plan import ScopePlan, read_query, resolve_scope
from dora.query.value import Scope
from dora.sql import catalog
from dora.storage.database import Connection


class Population(NamedTuple):
    """What a metric counts: of the ``origin`` metric's denominator those that are ``name``; the others are not."""

    origin: str
    name: str
    others: str


ALL_ATTEMPTS = "rework_rate"  # its observations are all deployments
# A metric that is not here counts the observations of its own subject, without the excluded ones.
POPULATIONS = {
    "change_failure_rate": Population("rework_rate", "could have failed", "could not fail"),
    "deployment_frequency": Population("change_failure_rate", "succeeded", "failed"),
    "deployment_days": Population("deployment_frequency", "succeeded on a day observed", "not succeeded"),
    "time_between_deployments": Population("deployment_frequency", "succeeded", "not succeeded"),
    "batch_size": Population("deployment_frequency", "have a known number of changes", "not succeeded"),
    "recovery_time": Population("change_failure_rate", "failed", "did not fail"),
    "detection_time": Population("recovery_time", "failed with an incident", "without an incident"),
    "repair_time": Population("recovery_time", "failed with an incident", "without an incident"),
}
NOT_IN_ORIGIN = "not among these"
NOTHING = "(SELECT NULL AS application, NULL AS subject, NULL AS excluded WHERE FALSE)"
NOUNS = {"canary": "canaries", "change": "merged changes", "approval": "approval prompts", "incident": "incidents"}


@dataclass(frozen=True, slots=True)
class DenominatorStep:
    """One step from ``start`` observations to the ``n`` that a metric counts: ``n`` = start - left out + added.

    metric    whose denominator ``n`` is
    origin    the metric whose denominator ``start`` is; null: all observations of the subject in the window
    left_out  how many do not count, by reason
    added     how many the origin does not count and this metric does, by reason
    """

    metric: str
    origin: str | None
    start: int
    left_out: dict[str, int]
    added: dict[str, int]
    n: int

    @property
    def start_text(self) -> str:
        """What it starts from: ``2,706 deployments``, ``2,514 took traffic``."""
        if self.origin:
            return f"{self.start:,} {_population(self.origin)}"
        return f"{self.start:,} {NOUNS.get(catalog.metric(self.metric).subject, 'deployments')}"

    @property
    def end_text(self) -> str:
        """What it ends with: ``2,485 could have failed``."""
        return f"{self.n:,} {_population(self.metric)}"

    @property
    def text(self) -> str:
        """The whole step: ``2,514 took traffic − 26 redeploy − 3 rollback → 2,485 could have failed``."""
        parts = [self.start_text, *(f"− {n:,} {reason}" for reason, n in self.left_out.items())]
        return f"{' '.join([*parts, *(f'+ {n:,} {reason}' for reason, n in self.added.items())])} → {self.end_text}"


def _population(name: str) -> str:
    if name == ALL_ATTEMPTS:
        return "took traffic"
    return POPULATIONS[name].name if name in POPULATIONS else "counted"


def explain_denominators(con: Connection, scope: Scope, names: Iterable[str] | None = None) -> list[DenominatorStep]:
    """Return the step to the denominator of each metric in a scope, each after the step to that of its origin.

    ``names`` are the metrics, by default all. Raises ``UsageError`` for an application, team or date that does not
    exist.
    """
    scope = replace(scope, by=None, every=None, statistic=None)
    steps: dict[str, DenominatorStep] = {}
    for name in names or catalog.metrics():
        for each in reversed(list(_with_origins(name))):
            if each not in steps:
                steps[each] = _explain_step(con, each, scope)
    return list(steps.values())


def _with_origins(name: str) -> Iterator[str]:
    """Yield a metric and those before it, up to the one that starts from all observations."""
    yield name
    while name in POPULATIONS:
        name = POPULATIONS[name].origin
        yield name


def _explain_step(con: Connection, name: str, scope: Scope) -> DenominatorStep:
    population = POPULATIONS.get(name)
    origin = population.origin if population else None
    plans = {"target": resolve_scope(con, catalog.metric(name), scope)}
    if origin:
        plans["origin"] = resolve_scope(con, catalog.metric(origin), scope)
    start, n = 0, 0
    left_out: dict[str, int] = {}
    added: dict[str, int] = {}
    for row in _count_moves(con, plans):
        was_counted = row["was_counted"] or origin is None
        start += row["n"] if was_counted else 0
        n += row["n"] if row["is_counted"] else 0
        reason = (row["reason"] or (population.others if population else "")).replace("_", " ")
        if was_counted and not row["is_counted"]:
            left_out[reason] = left_out.get(reason, 0) + row["n"]
        elif row["is_counted"] and not was_counted:
            added[NOT_IN_ORIGIN] = row["n"]
    return DenominatorStep(name, origin, start, left_out, added, n)


def _count_moves(con: Connection, plans: Mapping[str, ScopePlan]) -> list[dict[str, Any]]:
    """Return how many observations both metrics count, only one of them, or none."""
    sql = read_query("denominator_step")
    parameters: dict[str, object] = {}
    for role, plan in plans.items():
        # The windows of two metrics may begin at different times, so each has its own parameters.
        observations = re.sub(r"\$(\w+)", rf"${role}_\1", plan.sql("observations_in_scope"))
        sql = sql.replace(f"${role}", f"(\n{observations})", 1)
        parameters |= {f"{role}_{key}": value for key, value in plan.parameters.items()}
    if "origin" not in plans:
        sql = sql.replace("$origin", NOTHING)
    return fetch_rows(con, sql, parameters)
