"""The query path of every number: cards, tables, commands, notebooks and drill-downs call these functions.

Roll-ups are computed over observations, or over daily counts of them that the build has made, never over other
roll-ups, so a number and the rows under it agree. The models link all of history first; the window is applied last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from dora import statistics
from dora.periods import Period
from dora.query.aggregates import Aggregate, add_dispersion, count_observations
from dora.query.commit_shares import CommitShare, read_commit_shares
from dora.query.coverage import Coverage, read_coverage
from dora.query.estimates import ESTIMATORS, Estimate, nothing_to_count
from dora.query.exposure import Exposure, first_day, read_exposure, window_days
from dora.query.plan import SPREAD, ScopePlan, execute, read_query, resolve_scope, select_applications
from dora.query.rows import Rows
from dora.query.value import ASSISTANCE, EVERYTHING, RATES, Scope, Value
from dora.sql import catalog
from dora.storage.database import Connection

ROWS_AT_ONCE = 2_000


def compute_metric(
    con: Connection, name: str, scope: Scope = EVERYTHING, *, only_observed: bool = False
) -> list[Value]:
    """Return the values of a metric in a scope: one, or one per group and period, empty ones included.

    With ``only_observed`` groups and periods without an observation are left out where they have no number; a rate
    is zero there.

    Raises ``UsageError`` for a metric, statistic, group, period, date, application or team that does not exist.
    """
    if scope.by == "assistance":
        scopes = {assistance: replace(scope, by=None, assistance=assistance) for assistance in ASSISTANCE}
        return [
            replace(value, group=group)
            for group in scopes
            for value in compute_metric(con, name, scopes[group], only_observed=only_observed)
        ]
    plan = resolve_scope(con, catalog.metric(name), scope)
    exposures = read_exposure(con, plan.members, plan.zone)
    if plan.statistic in RATES and scope.since is None:
        plan = _from_first_day(plan, exposures.values())
    aggregates = count_observations(con, plan)
    if plan.statistic in SPREAD:
        from dora.query.quantiles import add_quantiles  # noqa: PLC0415 - numpy, which counts do not need

        add_quantiles(con, plan, aggregates)
    elif plan.statistic == "count":
        add_dispersion(con, plan, aggregates)
    coverage, commit_shares = read_coverage(con, plan, exposures), read_commit_shares(con, plan)
    only_observed = only_observed and plan.statistic not in RATES
    return [
        _to_value(
            plan,
            group,
            period,
            aggregates[group, period],
            coverage[group],
            commit_share=commit_shares[group, period.start if period else None],
        )
        for group, period in product(plan.groups, plan.periods)
        if not only_observed or (group, period) in aggregates
    ]


def _from_first_day(plan: ScopePlan, exposures: Iterable[Exposure]) -> ScopePlan:
    """Begin a window without a start where any application was observed first: days without events count too."""
    start = first_day(exposures)
    return replace(plan, window=Period(min(start, plan.window.start), plan.window.end)) if start else plan


def _to_value(  # noqa: PLR0913 - one argument a part of the value
    plan: ScopePlan,
    group: str | None,
    period: Period | None,
    aggregate: Aggregate,
    coverage: Coverage,
    *,
    commit_share: CommitShare,
) -> Value:
    window = (period or plan.window).intersection(plan.window)
    days = coverage.exposure.days(window)
    if not aggregate.n and (gap := coverage.gap_reason(window)):
        estimate = Estimate(reason=gap)
    elif group in plan.with_history:
        estimate = ESTIMATORS[plan.statistic](plan.metric, aggregate, days)
    else:
        estimate = Estimate(reason=f"{nothing_to_count(plan.metric)} in all of history")
    incomplete = coverage.incomplete_reason(period, window)
    return Value(
        metric=plan.metric.name,
        group=group,
        period=period.start if period else None,
        unit=plan.metric.unit,
        statistic=plan.statistic,
        n=aggregate.n,
        open=aggregate.open,
        total=aggregate.total,
        excluded=aggregate.excluded,
        partial=incomplete is not None,
        as_of=coverage.as_of,
        incomplete=incomplete,
        days=days,
        window_days=max(window_days(window), days),
        # In many periods the names would repeat.
        observed_for_less=coverage.exposure.observed_for_less(window) if period is None else {},
        scatter=aggregate.dispersion,
        relevant_change=plan.relevant_change[group],
        spread=aggregate.quantiles.spread if aggregate.quantiles else None,
        earliest=aggregate.quantiles.earliest if aggregate.quantiles else None,
        latest=aggregate.quantiles.latest if aggregate.quantiles else None,
        **estimate._asdict(),
        **commit_share._asdict(),
    )


def list_observations(con: Connection, name: str, scope: Scope = EVERYTHING) -> Rows:
    """Return the rows behind ``compute_metric``.

    Columns: application, happened_at, subject, value, censored, excluded, entry, team, grp, period.
    """
    ordered = "SELECT * FROM $observations ORDER BY happened_at, subject, application"
    return query_observations(con, name, scope, ordered)


def explain_metric(con: Connection, name: str, scope: Scope = EVERYTHING) -> Rows:
    """Return the rows behind a number with details of each subject: times, people, evidence, links."""
    return query_observations(con, name, scope, catalog.queries("explain")[catalog.metric(name).subject])


def query_observations(con: Connection, name: str, scope: Scope, sql: str, parameters: Sequence[object] = ()) -> Rows:
    """Run a SELECT that reads from ``$observations``: the rows of ``list_observations`` in a scope.

    ``$observations`` occurs exactly once, before any ``?``; ``parameters`` fill the ``?`` in order.
    """
    plan = resolve_scope(con, catalog.metric(name), scope)
    observations = plan.sql("observations_in_scope")
    # DuckDB does not mix named and positional parameters, and callers write positional ones.
    bound = [plan.parameters[key] for key in re.findall(r"\$(\w+)", observations)]
    positional = re.sub(r"\$\w+", "?", observations)
    return fetch_rows(con, sql.replace("$observations", f"(\n{positional})"), [*bound, *parameters])


def survival_curve(con: Connection, name: str, scope: Scope = EVERYTHING) -> Rows:
    """Return the Kaplan–Meier curve of a duration: ``value``, the share ``left`` after it, ``low`` and ``high``."""
    sql = statistics.survival_curve_sql("(SELECT value, censored, entry FROM $observations WHERE excluded IS NULL)")
    return query_observations(con, name, scope, sql)


def definitions_in_force(con: Connection, name: str | None, scope: Scope = EVERYTHING) -> Rows:
    """Return the definitions that shaped a metric, all for None: key, value, meaning, number of applications."""
    _, selection = select_applications(con, scope)
    keys = catalog.metric(name).shaped_by if name else None
    return fetch_rows(con, read_query("definitions_in_force"), {**selection, "keys": keys})


def build_info(con: Connection) -> dict[str, Any]:
    """Return the build's as_of, built_at, build_id, definitions_hash, timezone, version, engine, layout and so on."""
    return fetch_rows(con, "SELECT * FROM build", [])[0]


def fetch_rows(con: Connection, sql: str, parameters: Sequence[object] | Mapping[str, object]) -> Rows:
    """Return the rows of a query by column name; of named parameters, it gets those that it uses."""
    types, rows = _run(con, sql, parameters)
    return Rows(rows, types)


def stream_rows(
    con: Connection, sql: str, parameters: Sequence[object] | Mapping[str, object]
) -> Iterator[dict[str, Any]]:
    """Return an iterator over what ``fetch_rows`` returns, some rows at a time.

    The connection answers no other query until all are read.
    """
    return _run(con, sql, parameters)[1]


def _run(
    con: Connection, sql: str, parameters: Sequence[object] | Mapping[str, object]
) -> tuple[dict[str, str], Iterator[dict[str, Any]]]:
    cursor = execute(con, sql, parameters) if isinstance(parameters, Mapping) else con.execute(sql, parameters)
    types = {column[0]: str(column[1]) for column in cursor.description or []}
    batches = iter(lambda: cursor.fetchmany(ROWS_AT_ONCE), [])
    return types, (dict(zip(types, row, strict=True)) for batch in batches for row in batch)


def list_hints(con: Connection) -> Rows:
    """Return a ``sentence``, the ``lines`` to paste, and the ``metrics`` that are empty without them, for each hint.

    ``metrics`` are separated by spaces, ``*`` stands for all. A build of an earlier version has no hints.
    """
    exists = "SELECT 1 FROM duckdb_tables() WHERE table_name = 'hints' AND schema_name = 'main'"
    has_table = bool(fetch_rows(con, exists, []))
    return fetch_rows(con, "SELECT * FROM hints", []) if has_table else Rows([], {})
