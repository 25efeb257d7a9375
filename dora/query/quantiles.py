"""Quantiles, limits and spread of durations and sizes, of all groups and periods at once.

It loads numpy: whoever asks for counts alone need not import it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dora.query import groups
from dora.query.aggregates import Cell, Key, Question
from dora.query.value import Spread
from dora.statistics.quantiles import Floats, Samples, sort_samples
from dora.statistics.survival import Survival
from dora.storage.database import Connection

P = {"median": 0.5, "plain_median": 0.5, "p75": 0.75, "p90": 0.9}
SURVIVAL = ("median", "p75", "p90")
SPREAD = {"p10": 0.1, "p25": 0.25, "p75": 0.75, "p90": 0.9}
EPOCH = datetime(1970, 1, 1)


def measure(
    con: Connection, question: Question, cells: Mapping[Key, Cell], statistic: str, *, may_be_open: bool
) -> None:
    """Fill in quantiles, limits and spread: Kaplan–Meier's where some may still be open."""
    names = dict(con.execute(f"SELECT DISTINCT place, grp FROM {groups.placed(question.scope.by)}").fetchall())  # noqa: S608
    starts = [cut.start if cut else None for cut in question.cuts]
    seen = _seen(con, question, starts, len(names))
    told = _told(seen, statistic, may_be_open=may_be_open)
    for cell in cells.values():
        cell.spread = Spread()
    for number, *row in zip(seen.groups.tolist(), *told.values(), strict=True):
        place, cut = divmod(number, len(starts))
        _fill(cells[names[place], starts[cut]], dict(zip(told, row, strict=True)))


def _seen(con: Connection, question: Question, starts: Sequence[datetime | None], names: int) -> Samples:
    """The values that count, by group and period."""
    columns = con.execute(*question.durations).fetchnumpy()
    places, days, values, still = (np.asarray(columns[name]) for name in ("place", "day", "value", "censored"))
    numbers = places.astype(np.int64) * len(starts) + _periods(days, starts)
    return sort_samples(numbers, values, still, names * len(starts))


def _periods(days: NDArray[np.int32], starts: Sequence[datetime | None]) -> NDArray[np.int64]:
    """Which period each local day is in, by the table of all days."""
    known = [(start - EPOCH).days for start in starts if start]
    if not known or not len(days):
        return np.zeros(len(days), np.int64)
    return (np.searchsorted(known, np.arange(known[0], days.max() + 1), "right") - 1)[days - known[0]]


def _told(seen: Samples, statistic: str, *, may_be_open: bool) -> dict[str, list[float | None]]:
    """What is told of each group, null where there is no number."""
    p, survival = P.get(statistic, 0.5), may_be_open and statistic in SURVIVAL
    curve: Survival | Samples = Survival(seen) if may_be_open else seen
    mean, deviation = seen.moments()
    told = {name: curve.quantile(q) for name, q in SPREAD.items()}
    told |= {"plain_median": seen.quantile(0.5), "mean": mean, "deviation": deviation, "longest": seen.longest}
    low, high = (curve if survival else seen).limits(p)
    told |= {"value": (curve if survival else seen).quantile(p), "low": low, "high": high}
    return {name: _nulls(column) for name, column in told.items()} | {"ended": seen.ended.tolist()}


def _nulls(column: Floats) -> list[float | None]:
    return [None if math.isnan(number) else number for number in column.tolist()]


def _fill(cell: Cell, told: dict[str, Any]) -> None:
    for name in ("value", "low", "high", "longest", "deviation", "ended"):
        setattr(cell, name, told.pop(name))
    cell.spread = Spread(**told)
