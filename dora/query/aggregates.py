"""What each group and period of a question has: counts, quantiles, and how much its weeks scatter. SQL counts, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain

from dora import periods, statistics
from dora.periods import Period
from dora.query import groups
from dora.query.groups import Membership
from dora.query.value import Scope, Spread
from dora.sql import daily_counts as days
from dora.storage.database import Connection

Key = tuple[str | None, datetime | None]
WEEKS = 52  # before the window's end, by which is judged how much weeks scatter
SPREAD = ("median", "plain_median", "p75", "p90", "mean")


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
    def cuts(self) -> list[Period | None]:
        """The periods of its window; the window itself, as null, where it asks for none."""
        return list(periods.split(self.window, self.scope.every)) if self.scope.every else [None]

    @property
    def rows(self) -> str:
        """SELECT of the rows; ``parameters`` belong to it."""
        every = self.scope.every
        period = self._cut(self._local("o.happened_at", self.window)) if every else "NULL::TIMESTAMP"
        undated = "o.happened_at IS NULL OR " if self.timeless else ""
        return (
            f"SELECT o.*, m.team, {groups.SQL[self.scope.by]}::VARCHAR AS grp, {period} AS period"  # noqa: S608
            f' FROM metrics."{self.metric}" o {self._joined}'
            f" WHERE ({undated}o.happened_at >= ? AND o.happened_at < ?){self._named}"
        )

    @property
    def parameters(self) -> list[object]:
        """What ``rows`` is bound to."""
        return [*self._bounds(self.window), *self._names]

    @property
    def counts(self) -> tuple[str, list[object]]:
        """SELECT of what the local days have, with their group and period, and what it is bound to.

        Whole days were counted when the build was made; those that the window cuts are counted from their rows.
        """
        whole, edges = self.window.whole_days()
        period = self._cut("o.day") if self.scope.every else "NULL::TIMESTAMP"
        undated = " OR day IS NULL" if self.timeless else ""
        parts = [f'SELECT * FROM daily_counts."{self.metric}" WHERE (day >= ? AND day < ?){undated}']  # noqa: S608
        parts += [days.counted(self.metric, self._local("happened_at", edge), days.BETWEEN) for edge in edges]
        bound = [whole.start, whole.end, *chain.from_iterable(self._bounds(edge) for edge in edges), *self._names]
        return (
            f"SELECT {groups.SQL[self.scope.by]}::VARCHAR AS grp, {period} AS period, o.*"  # noqa: S608
            f" FROM ({' UNION ALL '.join(parts)}) o {self._joined} WHERE true{self._named}"
        ), bound

    @property
    def durations(self) -> tuple[str, list[object]]:
        """SELECT of the values that count: which ``place`` in the order of groups, which local ``day``, still open."""
        local, every = self._local("o.happened_at", self.window), self.scope.every
        day = f"(({local})::DATE - DATE '1970-01-01')::INTEGER" if every else "0"
        undated = "o.happened_at IS NULL OR " if self.timeless and not every else ""
        memberships = groups.joined(moved=self.moved, source=groups.placed(self.scope.by))
        return (
            f"SELECT m.place, {day} AS day, o.value, o.censored"  # noqa: S608
            f' FROM metrics."{self.metric}" o {memberships}'
            f" WHERE ({undated}o.happened_at >= ? AND o.happened_at < ?){self._named}"
            " AND o.excluded IS NULL AND o.value IS NOT NULL"
        ), self.parameters

    def _cut(self, local: str) -> str:
        return f"date_trunc('{self.scope.every}', {local})::TIMESTAMP"

    def _local(self, column: str, part: Period) -> str:
        return periods.local_time_sql(column, self.zone, *self._bounds(part))

    def _bounds(self, part: Period) -> list[datetime]:
        return [periods.to_utc(end, self.zone) for end in (part.start, part.end)]

    @property
    def _joined(self) -> str:
        """With the team that the application of a row belonged to at the time."""
        return groups.joined(moved=self.moved)

    @property
    def _named(self) -> str:
        named = " AND list_contains(?::VARCHAR[], o.application)" if self.scope.applications or self.scope.teams else ""
        return named + (" AND list_contains(?::VARCHAR[], m.team)" if self.scope.teams else "")

    @property
    def _names(self) -> list[object]:
        bound: list[object] = []
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
        group = f"{groups.SQL[self.scope.by]}::VARCHAR"
        sql = f'SELECT {group}, min(o.happened_at) FROM daily_counts."{self.metric}" o {self._joined} GROUP BY 1'  # noqa: S608
        return dict(con.execute(sql).fetchall())


def counted(con: Connection, question: Question) -> dict[Key, Cell]:
    """The cells that have rows, counted or not."""
    source, parameters = question.counts
    sums = (
        "SELECT grp, period, excluded, sum(n)::BIGINT, sum(open)::BIGINT, sum(total), count(DISTINCT day)"  # noqa: S608
        f" FROM ({source}) GROUP BY grp, period, excluded ORDER BY excluded"
    )
    cells: dict[Key, Cell] = defaultdict(Cell)
    for group, period, excluded, *found in con.execute(sums, parameters).fetchall():
        cell = cells[group, period]
        if excluded is not None:
            cell.excluded[excluded] = found[0]
        else:
            cell.n, cell.open, cell.total, cell.days = found
    return cells


def scatters(con: Connection, question: Question, first: dict[str | None, datetime | None]) -> dict[str | None, float]:
    """How many times as much as by chance each group's weeks vary: variance over mean, at least 1.

    Of at most 52 whole weeks before the window's end, from the group's first row on; 1 where there are fewer than ten.
    """
    end = periods.floor(question.window.end, "week")
    start = end - timedelta(weeks=WEEKS)
    weekly = replace(question, scope=replace(question.scope, every="week"), window=Period(start, end), timeless=False)
    source, parameters = weekly.counts
    sql = f"SELECT grp, period, sum(n)::BIGINT FROM ({source}) WHERE excluded IS NULL GROUP BY ALL"  # noqa: S608
    counts = {(group, week): count for group, week, count in con.execute(sql, parameters).fetchall()}
    found = {}
    for group, moment in first.items():
        since = max(start, periods.to_local(moment, question.zone)) if moment else end
        weeks = [week.start for week in periods.split(Period(start, end), "week") if week.start >= since]
        found[group] = statistics.dispersion([counts.get((group, week), 0) for week in weeks])
    return found
