"""The one query path: tiles, tables, commands, notebooks and drill-downs all ask here.

Roll-ups are computed over observations, never over other roll-ups, so a number and the rows under it
can not disagree. Links were made on full history by the models; the window is applied here, last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from dora import catalog, gaps, periods, statistics, wording
from dora.catalog import Metric
from dora.errors import UsageError
from dora.estimates import STATISTICS, Cell, never
from dora.gaps import Sight
from dora.periods import GRAINS, Grain, Period
from dora.warehouse import Connection

By = Literal["application", "team"]
GROUPS: tuple[By, ...] = ("application", "team")
Key = tuple[str | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a number is asked for. Moments as ``periods.instant`` reads them; ``until`` is not included."""

    since: str | None = None
    until: str | None = None
    by: By | None = None
    every: Grain | None = None
    applications: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """One number with what makes it believable.

    ``value`` is in ``unit``, or null with a ``reason``; ``n`` counts observations (``open`` of them still
    open); ``low`` and ``high`` bound 95 %, null where there is no finite bound; ``excluded`` counts rows
    left out, by reason; ``partial`` marks a period that is not whole and ``incomplete`` says why: the window or
    the data's end cuts it, or history of an application is missing in it; ``as_of`` is the instant (UTC) up
    to which the data is known.
    """

    metric: str
    group: str | None
    period: datetime | None
    value: float | None
    unit: str
    statistic: str
    n: int
    low: float | None
    high: float | None
    open: int
    excluded: dict[str, int]
    partial: bool
    reason: str | None
    as_of: datetime | None
    incomplete: str | None = None

    @property
    def text(self) -> str:
        """The number as a person would say it, such as ``25 min`` or ``–``."""
        return wording.quantity(self.value, self.unit)

    @property
    def evidence(self) -> str:
        """The line under the number, such as ``142 of 1,468 · 95 % 8.3–11.3 %``."""
        return wording.evidence(self)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A scope made definite: its window in local time, what was seen of each group, and the SQL that selects its rows.

    ``ever`` holds the groups with any row in all of history: only they can have a true zero.
    """

    metric: Metric
    as_of: datetime | None
    window: Period
    seen: dict[str | None, Sight]
    ever: set[str | None]
    rows: str
    parameters: list[object]


def metric(con: Connection, name: str, scope: Scope = Scope()) -> list[Value]:
    """The values of a metric in a scope: one, or one per group and period, empty ones included.

    Raises ``UsageError`` for a metric, group, grain, moment or application that does not exist.
    """
    asked = _asked(con, name, scope)
    cells = _cells(con, asked)
    cuts: list[Period | None] = list(periods.split(asked.window, scope.every)) if scope.every else [None]
    return [_value(asked, group, cut, cells[group, cut.start if cut else None]) for group in asked.seen for cut in cuts]


def observations(con: Connection, name: str, scope: Scope = Scope()) -> list[dict[str, Any]]:
    """The very rows behind ``metric``: application, happened_at, subject, value, censored, excluded, group, period."""
    asked = _asked(con, name, scope)
    cursor = con.execute(f"SELECT * FROM ({asked.rows}) ORDER BY happened_at, subject, application", asked.parameters)  # noqa: S608
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def explain(con: Connection, name: str, scope: Scope = Scope()) -> list[dict[str, Any]]:
    """The rows behind a number with what is known of each subject: times, people, evidence, where to look."""
    return over(con, name, scope, catalog.queries("subjects")[catalog.metric(name).subject])


def over(
    con: Connection, name: str, scope: Scope, text: str, parameters: Sequence[object] = ()
) -> list[dict[str, Any]]:
    """The rows of a SELECT in which ``$observations`` stands, once, for the rows behind ``metric`` in a scope.

    They have ``application, happened_at, subject, value, censored, excluded, grp, period``. The parameters are those
    of slots after it.
    """
    asked = _asked(con, name, scope)
    cursor = con.execute(text.replace("$observations", f"({asked.rows})"), [*asked.parameters, *parameters])
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def context(con: Connection) -> dict[str, Any]:
    """What the build is made of: as_of, built_at, timezone, stale_after_hours, version, engine, layout."""
    cursor = con.execute("SELECT * FROM build")
    names = [column[0] for column in cursor.description or []]
    return dict(zip(names, cursor.fetchall()[0], strict=True))


def age(con: Connection) -> timedelta | None:
    """How old the data is by this machine's clock; null where there is none."""
    as_of = context(con)["as_of"]
    return datetime.now(UTC).replace(tzinfo=None) - as_of if as_of else None


def _asked(con: Connection, name: str, scope: Scope) -> _Asked:
    _known(scope.by, GROUPS, "group")
    _known(scope.every, GRAINS, "grain")
    described, about = catalog.metric(name), context(con)
    chosen = applications(con, scope)
    window = _window(con, described, scope, about)
    zone = about["timezone"]
    group = {"application": "o.application", "team": "d.team", None: "NULL"}[scope.by]
    period = periods.truncation(scope.every, "o.happened_at", zone) if scope.every else "NULL::TIMESTAMP"
    source = f'metrics."{described.name}" o INNER JOIN definitions d ON o.application = d.application'
    rows = (
        f"SELECT o.*, {group}::VARCHAR AS grp, {period} AS period FROM {source}"  # noqa: S608 - from an allow-list
        " WHERE coalesce(o.happened_at >= ? AND o.happened_at < ?, ?) AND list_contains(?::VARCHAR[], o.application)"
    )
    ever = {row[0] for row in con.execute(f"SELECT DISTINCT {group}::VARCHAR FROM {source}").fetchall()}  # noqa: S608
    bounds = [periods.to_utc(window.start, zone), periods.to_utc(window.end, zone)]
    timeless = scope.since is None and scope.until is None
    parameters = [*bounds, timeless, [application for application, _ in chosen]]
    seen = gaps.seen(con, _groups(chosen, scope.by), zone, about["as_of"], begins=not timeless or bool(scope.every))
    return _Asked(described, about["as_of"], window, seen, ever, rows, parameters)


def _known(given: str | None, known: Iterable[str], what: str) -> None:
    if given is not None and given not in known:
        raise UsageError(f"There is no {what} {given}.", f"use one of {', '.join(known)}.")


def applications(con: Connection, scope: Scope) -> list[tuple[str, str | None]]:
    """The applications of a scope, each with its team; raises ``UsageError`` for one that does not exist."""
    rows = con.execute("SELECT application, team FROM definitions ORDER BY application").fetchall()
    for name in scope.applications:
        _known(name, [application for application, _ in rows], "application")
    for name in scope.teams:
        _known(name, sorted({team for _, team in rows if team}), "team")
    return [
        (application, team)
        for application, team in rows
        if (not scope.applications or application in scope.applications) and (not scope.teams or team in scope.teams)
    ]


def _groups(chosen: Sequence[tuple[str, str | None]], by: By | None) -> dict[str | None, list[str]]:
    """Applications by group, in the order in which groups are shown."""
    if by is None:
        return {None: [application for application, _ in chosen]}
    groups: dict[str | None, list[str]] = defaultdict(list)
    for application, team in chosen:
        groups[application if by == "application" else team].append(application)
    return dict(sorted(groups.items(), key=lambda item: (item[0] is None, item[0])))


def _window(con: Connection, described: Metric, scope: Scope, about: dict[str, Any]) -> Period:
    """From ``since`` (else the first day that has a row) to ``until`` (else the end of the data)."""
    zone, as_of = about["timezone"], about["as_of"]
    end_of_data = periods.to_local(as_of, zone) + timedelta(microseconds=1) if as_of else datetime(1970, 1, 1)
    end = periods.instant(scope.until, zone, as_of or end_of_data) if scope.until else end_of_data
    if scope.since:
        start = periods.instant(scope.since, zone, as_of or end_of_data)
    else:
        first = con.execute(
            f'SELECT min(happened_at) FROM metrics."{described.name}"'  # noqa: S608
        ).fetchall()[0][0]
        start = periods.floor(periods.to_local(first, zone), "day") if first else end
    if start > end:
        raise UsageError(f"The window ends ({end:%Y-%m-%d %H:%M}) before it starts ({start:%Y-%m-%d %H:%M}).")
    return Period(start, end)


def _cells(con: Connection, asked: _Asked) -> dict[Key, Cell]:
    cells: dict[Key, Cell] = defaultdict(Cell)
    con.execute(f"CREATE OR REPLACE TEMP TABLE asked AS {asked.rows}", asked.parameters)
    sums = (
        "SELECT grp, period, count(*), count(*) FILTER (censored), sum(value) FROM asked"
        " WHERE excluded IS NULL GROUP BY grp, period"
    )
    for group, period, n, still_open, total in con.execute(sums).fetchall():
        cells[group, period] = Cell(n, still_open, total)
    if asked.metric.statistic == "median":
        curves = statistics.kaplan_meier("(SELECT * FROM asked WHERE excluded IS NULL)", ["grp", "period"])
        cursor = con.execute(curves)
        names = [column[0] for column in cursor.description or []]
        for row in cursor.fetchall():
            found = dict(zip(names, row, strict=True))
            cell = cells[found["grp"], found["period"]]
            cell.median, cell.low, cell.high, cell.longest = (found[k] for k in ("median", "low", "high", "longest"))
    left_out = "SELECT grp, period, excluded, count(*) FROM asked WHERE excluded IS NOT NULL GROUP BY ALL ORDER BY ALL"
    for group, period, reason, count in con.execute(left_out).fetchall():
        cells[group, period].excluded[reason] = count
    return cells


def _value(asked: _Asked, group: str | None, cut: Period | None, cell: Cell) -> Value:
    described, sight = asked.metric, asked.seen[group]
    exposed = (cut or asked.window).within(asked.window)
    estimate = STATISTICS[described.statistic] if group in asked.ever else never
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
        statistic=described.statistic,
        n=cell.n,
        low=low,
        high=high,
        open=cell.open,
        excluded=cell.excluded,
        partial=incomplete is not None,
        reason=reason,
        as_of=asked.as_of,
        incomplete=incomplete,
    )
