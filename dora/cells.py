"""What each group and period of a question has: counts, quantiles, and how much its weeks scatter. SQL counts, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from dora import groups, periods, statistics
from dora.groups import Membership
from dora.periods import Period
from dora.values import Scope, Spread
from dora.warehouse import Connection

Key = tuple[str | None, datetime | None]
WEEKS = 52  # before the window's end, by which is judged how much weeks scatter
P = {"median": 0.5, "plain_median": 0.5, "p75": 0.75, "p90": 0.9}
SURVIVAL = ("median", "p75", "p90")
QUANTILES = ("p10", "p25", "p75", "p90")
ENDED = ("plain_median", "mean")
KEYS = ("grp", "period")
SPREAD = ("median", "plain_median", "p75", "p90", "mean")
KEPT = "grp, period, value, censored, excluded"
ASKED = "(SELECT grp, period, value, censored FROM asked WHERE excluded IS NULL)"


@dataclass(slots=True)
class Cell:
    """What one group and period has; ``value``, ``low`` and ``high`` of a quantile or mean, ``longest`` of all."""

    n: int = 0
    open: int = 0
    total: float = 0.0
    days: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    longest: float | None = None
    ended: int = 0
    deviation: float | None = None
    scatter: float | None = None
    spread: Spread | None = None
    excluded: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """A scope as SQL: the rows that it means, with their group and period. Words of people are bound, never pasted."""

    metric: str
    scope: Scope
    zone: str
    window: Period
    timeless: bool
    memberships: Sequence[Membership]
    moved: bool

    @property
    def source(self) -> str:
        """The metric's observations with the team that their application belonged to at the time."""
        return f'metrics."{self.metric}" o {groups.joined(moved=self.moved)}'

    @property
    def rows(self) -> str:
        """SELECT of the rows; ``parameters`` belong to it."""
        every, scope = self.scope.every, self.scope
        period = periods.truncation(every, "o.happened_at", self.zone) if every else "NULL::TIMESTAMP"
        undated = "o.happened_at IS NULL OR " if self.timeless else ""
        named = " AND list_contains(?::VARCHAR[], o.application)" if scope.applications or scope.teams else ""
        teams = " AND list_contains(?::VARCHAR[], m.team)" if scope.teams else ""
        return (
            f"SELECT o.*, m.team, {groups.SQL[scope.by]}::VARCHAR AS grp, {period} AS period FROM {self.source}"  # noqa: S608
            f" WHERE ({undated}o.happened_at >= ? AND o.happened_at < ?){named}{teams}"
        )

    @property
    def parameters(self) -> list[object]:
        """What ``rows`` is bound to."""
        bound: list[object] = [periods.to_utc(end, self.zone) for end in (self.window.start, self.window.end)]
        if self.scope.applications or self.scope.teams:
            bound.append(self.applications)
        if self.scope.teams:
            bound.append(sorted({one.team for one in self.memberships if one.team is not None}))
        return bound

    @property
    def applications(self) -> list[str]:
        """Names of the applications that are meant."""
        return sorted({one.application for one in self.memberships})

    def first(self, con: Connection) -> dict[str | None, datetime | None]:
        """When each group had its first row in all of history (UTC); groups without any are not in it."""
        sql = f"SELECT {groups.SQL[self.scope.by]}::VARCHAR, min(o.happened_at) FROM {self.source} GROUP BY 1"  # noqa: S608
        return dict(con.execute(sql).fetchall())


def counted(con: Connection, question: Question, statistic: str) -> dict[Key, Cell]:
    """The cells that have rows, counted or not. Of durations the rows are kept for ``measured``, in table ``asked``."""
    source, parameters = f"({question.rows})", question.parameters
    if statistic in SPREAD:
        con.execute(f"CREATE OR REPLACE TEMP TABLE asked AS SELECT {KEPT} FROM {source}", parameters)  # noqa: S608
        source, parameters = "asked", []
    days = periods.truncation("day", "happened_at", question.zone) if statistic == "days" else "NULL"
    sums = (
        f"SELECT grp, period, excluded, count(*), count(*) FILTER (censored), sum(value), count(DISTINCT {days})"  # noqa: S608
        f" FROM {source} GROUP BY grp, period, excluded ORDER BY excluded"
    )
    cells: dict[Key, Cell] = defaultdict(Cell)
    for group, period, excluded, *found in con.execute(sums, parameters).fetchall():
        cell = cells[group, period]
        if excluded is not None:
            cell.excluded[excluded] = found[0]
        else:
            cell.n, cell.open, cell.total, cell.days = found
    return cells


def measured(con: Connection, cells: dict[Key, Cell], statistic: str, *, may_be_open: bool) -> None:
    """Fill in quantiles, limits and spread of durations and sizes: Kaplan–Meier's where some may still be open."""
    survival = may_be_open and statistic in SURVIVAL
    p = P.get(statistic, 0.5)
    plain = _found(con, statistics.plain_quantiles(ASKED, KEYS, p))
    curves = _found(con, statistics.kaplan_meier(ASKED, KEYS, p)) if may_be_open else plain
    sizes = {cell.n - cell.open for cell in cells.values()}
    limits = {} if survival else _found(con, statistics.order_limits(ASKED, KEYS, sizes, p))
    for key, cell in cells.items():
        ended, curve = plain.get(key, {}), curves.get(key, {})
        cell.value = (curve if survival else ended).get("value")
        bounds = curve if survival else limits.get(key, {})
        cell.low, cell.high = bounds.get("low"), bounds.get("high")
        cell.longest, cell.ended, cell.deviation = curve.get("longest"), ended.get("n", 0), ended.get("deviation")
        told = {name: curve.get(name) for name in QUANTILES} | {name: ended.get(name) for name in ENDED}
        cell.spread = Spread(**told)


def _found(con: Connection, sql: str) -> dict[Key, dict[str, Any]]:
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description or []]
    rows = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
    return {(row["grp"], row["period"]): row for row in rows}


def scatters(con: Connection, question: Question, first: dict[str | None, datetime | None]) -> dict[str | None, float]:
    """How many times as much as by chance each group's weeks vary: variance over mean, at least 1.

    Of at most 52 whole weeks before the window's end, from the group's first row on; 1 where there are fewer than ten.
    """
    end = periods.floor(question.window.end, "week")
    start = end - timedelta(weeks=WEEKS)
    weekly = replace(question, scope=replace(question.scope, every="week"), window=Period(start, end), timeless=False)
    sql = f"SELECT grp, period, count(*) FROM ({weekly.rows}) WHERE excluded IS NULL GROUP BY ALL"  # noqa: S608
    counts = {(group, week): count for group, week, count in con.execute(sql, weekly.parameters).fetchall()}
    found = {}
    for group, moment in first.items():
        since = max(start, periods.to_local(moment, question.zone)) if moment else end
        weeks = [week.start for week in periods.split(Period(start, end), "week") if week.start >= since]
        found[group] = statistics.dispersion([counts.get((group, week), 0) for week in weeks])
    return found
