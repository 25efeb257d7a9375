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

    @property
    def source(self) -> str:
        """The metric's observations with the team that their application belonged to at the time."""
        return f'metrics."{self.metric}" o {groups.joined()}'

    @property
    def rows(self) -> str:
        """SELECT of the rows; ``parameters`` belong to it."""
        every = self.scope.every
        period = periods.truncation(every, "o.happened_at", self.zone) if every else "NULL::TIMESTAMP"
        return (
            f"SELECT o.*, m.team, {groups.SQL[self.scope.by]}::VARCHAR AS grp, {period} AS period FROM {self.source}"  # noqa: S608
            " WHERE coalesce(o.happened_at >= ? AND o.happened_at < ?, ?)"
            " AND list_contains(?::VARCHAR[], o.application) AND (? OR list_contains(?::VARCHAR[], m.team))"
        )

    @property
    def parameters(self) -> list[object]:
        """What ``rows`` is bound to."""
        bounds = [periods.to_utc(self.window.start, self.zone), periods.to_utc(self.window.end, self.zone)]
        teams = sorted({one.team for one in self.memberships if one.team is not None})
        return [*bounds, self.timeless, self.applications, not self.scope.teams, teams]

    @property
    def applications(self) -> list[str]:
        """Names of the applications that are meant."""
        return sorted({one.application for one in self.memberships})

    def first(self, con: Connection) -> dict[str | None, datetime | None]:
        """When each group had its first row in all of history (UTC); groups without any are not in it."""
        sql = f"SELECT {groups.SQL[self.scope.by]}::VARCHAR, min(o.happened_at) FROM {self.source} GROUP BY 1"  # noqa: S608
        return dict(con.execute(sql).fetchall())


def counted(con: Connection, question: Question, statistic: str) -> dict[Key, Cell]:
    """The cells that have rows, counted or not."""
    cells: dict[Key, Cell] = defaultdict(Cell)
    con.execute(f"CREATE OR REPLACE TEMP TABLE asked AS {question.rows}", question.parameters)
    days = periods.truncation("day", "happened_at", question.zone) if statistic == "days" else "NULL"
    sums = (
        f"SELECT grp, period, count(*), count(*) FILTER (censored), sum(value), count(DISTINCT {days}) FROM asked"  # noqa: S608
        " WHERE excluded IS NULL GROUP BY grp, period"
    )
    for group, period, *found in con.execute(sums).fetchall():
        cells[group, period] = Cell(*found)
    left_out = "SELECT grp, period, excluded, count(*) FROM asked WHERE excluded IS NOT NULL GROUP BY ALL ORDER BY ALL"
    for group, period, reason, count in con.execute(left_out).fetchall():
        cells[group, period].excluded[reason] = count
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
