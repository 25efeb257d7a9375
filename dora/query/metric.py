"""The one query path: tiles, tables, commands, notebooks and drill-downs all ask here.

Roll-ups are computed over observations, or over whole local days of them that the build counted (``days``), never over
other roll-ups, so a number and the rows under it can not disagree. Links were made on full history by the models; the
window is applied here, last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dora import periods, statistics
from dora.errors import UsageError
from dora.periods import GRAINS, Period
from dora.query import aggregates, coverage, groups
from dora.query.aggregates import Cell, Question
from dora.query.coverage import Sight
from dora.query.estimates import STATISTICS, never, resolved
from dora.query.value import EVERYTHING, GROUPS, Scope, Value
from dora.sql import catalog
from dora.sql.catalog import Metric
from dora.storage.database import Connection


@dataclass(frozen=True, slots=True)
class _Asked:
    """A scope made definite: its window in local time, what was seen of each group, and the SQL that selects its rows.

    ``first`` holds when each group had its first row in all of history: only those groups can have a true zero.
    """

    metric: Metric
    statistic: str
    as_of: datetime | None
    window: Period
    seen: dict[str | None, Sight]
    first: dict[str | None, datetime | None]
    question: Question


def compute_metric(con: Connection, name: str, scope: Scope = EVERYTHING) -> list[Value]:
    """The values of a metric in a scope: one, or one per group and period, empty ones included.

    Raises ``UsageError`` for a metric, statistic, group, grain, moment or application that does not exist.
    """
    asked = _asked(con, name, scope)
    found = aggregates.counted(con, asked.question)
    if asked.statistic in aggregates.SPREAD:
        from dora.query import quantiles  # noqa: PLC0415 - numpy, which counts need not load

        quantiles.measure(con, asked.question, found, asked.statistic, may_be_open=asked.metric.statistic == "median")
    scatters = aggregates.scatters(con, asked.question, asked.first) if asked.statistic == "count" else {}
    cuts = asked.question.cuts
    return [
        _value(asked, group, cut, found[group, cut.start if cut else None], scatters.get(group))
        for group in asked.seen
        for cut in cuts
    ]


def list_observations(con: Connection, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
    """The rows behind ``compute_metric``: application, happened_at, subject, value, censored, excluded, grp, period."""
    question = _asked(con, name, scope).question
    sql = f"SELECT * FROM ({question.rows}) ORDER BY happened_at, subject, application"  # noqa: S608
    return fetch_rows(con, sql, question.parameters)


def explain_metric(con: Connection, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
    """The rows behind a number with what is known of each subject: times, people, evidence, where to look."""
    return query_observations(con, name, scope, catalog.queries("explain")[catalog.metric(name).subject])


def query_observations(
    con: Connection, name: str, scope: Scope, text: str, parameters: Sequence[object] = ()
) -> list[dict[str, Any]]:
    """The rows of a SELECT in which ``$observations`` stands, once, for the rows behind ``compute_metric`` in a scope.

    They have ``application, happened_at, subject, value, censored, excluded, grp, period``. The parameters are those
    of slots after it.
    """
    asked = _asked(con, name, scope)
    sql = text.replace("$observations", f"({asked.question.rows})")
    return fetch_rows(con, sql, [*asked.question.parameters, *parameters])


def survival_curve(con: Connection, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
    """How many of a duration's observations are still open after how long: ``value``, ``left``, ``low``, ``high``."""
    sql = statistics.survival_curve_sql("(SELECT value, censored FROM $observations WHERE excluded IS NULL)")
    return query_observations(con, name, scope, sql)


def definitions_in_force(con: Connection, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
    """The definitions in force that shaped a metric: key, value, what it means, and for how many applications."""
    applications = sorted({one.application for one in groups.chosen(con, scope)})
    sql = (
        "SELECT key, value, description, count(*) AS applications FROM definitions_in_force"
        " WHERE list_contains($1::VARCHAR[], key) AND list_contains($2::VARCHAR[], application)"
        " GROUP BY ALL ORDER BY key, applications DESC, value"
    )
    return fetch_rows(con, sql, [catalog.metric(name).shaped_by, applications])


def build_info(con: Connection) -> dict[str, Any]:
    """What the build is made of: as_of, built_at, timezone, stale_after_hours, version, engine, layout."""
    return fetch_rows(con, "SELECT * FROM build", [])[0]


def fetch_rows(con: Connection, sql: str, parameters: list[Any] | dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query by the names of its columns."""
    cursor = con.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def data_age(con: Connection) -> timedelta | None:
    """How old the data is by this machine's clock; null where there is none."""
    as_of = build_info(con)["as_of"]
    return datetime.now(UTC).replace(tzinfo=None) - as_of if as_of else None


def _asked(con: Connection, name: str, scope: Scope) -> _Asked:
    groups.known(scope.by, GROUPS, "group")
    groups.known(scope.every, GRAINS, "grain")
    described, about = catalog.metric(name), build_info(con)
    memberships = groups.chosen(con, scope)
    window = _window(con, described, scope, about)
    timeless = scope.since is None and scope.until is None
    question = Question(described.name, scope, about["timezone"], window, timeless, memberships, groups.moved(con))
    seen = coverage.seen(
        con,
        groups.grouped(memberships, scope.by),
        about["timezone"],
        about["as_of"],
        begins=not timeless or bool(scope.every),
    )
    statistic = resolved(described, scope.statistic)
    return _Asked(described, statistic, about["as_of"], window, seen, question.first(con), question)


def _window(con: Connection, described: Metric, scope: Scope, about: dict[str, Any]) -> Period:
    """From ``since`` (else the first day that has a row) to ``until`` (else the end of the data)."""
    zone, as_of = about["timezone"], about["as_of"]
    end_of_data = periods.to_local(as_of, zone) + timedelta(microseconds=1) if as_of else datetime(1970, 1, 1)
    end = periods.parse_moment(scope.until, zone, as_of or end_of_data) if scope.until else end_of_data
    if scope.since:
        start = periods.parse_moment(scope.since, zone, as_of or end_of_data)
    else:
        first = con.execute(
            f'SELECT min(happened_at) FROM daily_counts."{described.name}"'  # noqa: S608
        ).fetchall()[0][0]
        start = periods.floor(periods.to_local(first, zone), "day") if first else end
    if start > end:
        raise UsageError(f"The window ends ({end:%Y-%m-%d %H:%M}) before it starts ({start:%Y-%m-%d %H:%M}).")
    return Period(start, end)


def _value(asked: _Asked, group: str | None, cut: Period | None, cell: Cell, scatter: float | None) -> Value:
    described, sight = asked.metric, asked.seen[group]
    exposed = (cut or asked.window).intersection(asked.window)
    cell.scatter = scatter
    estimate = STATISTICS[asked.statistic] if group in asked.first else never
    value, low, high, reason = estimate(described, cell, exposed)
    incomplete = sight.incomplete(cut, exposed)
    if not cell.n and (blind := sight.blind(exposed)):
        value, low, high, reason = None, None, None, blind
    return Value(
        metric=described.name,
        group=group,
        period=cut.start if cut else None,
        value=value,
        unit=described.unit,
        statistic=asked.statistic,
        n=cell.n,
        low=low,
        high=high,
        open=cell.open,
        excluded=cell.excluded,
        partial=incomplete is not None,
        reason=reason,
        as_of=asked.as_of,
        incomplete=incomplete,
        days=exposed.days,
        scatter=scatter,
        spread=cell.spread,
    )
