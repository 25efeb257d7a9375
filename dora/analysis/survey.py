"""Where a number stands among those who answered the yearly DORA survey: never a grade, always with its probability.

Tables up to 2024 are medians of clusters of answers, so what lies between two cells is "between" them; 2025 knows only
how answers were spread. Figures and sources: ``benchmarks.toml``.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from statistics import NormalDist
from typing import Any

from dora.errors import UsageError

SURE = 0.8
ANSWERS = 6
Below = Callable[[float], float]  # the probability that the true value is below a value


@dataclass(frozen=True, slots=True)
class Cell:
    """Who has values from ``low`` up to ``high``."""

    who: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number stands in a year: in words, with the probability that it does."""

    year: int
    who: str
    probability: float
    source: str


@dataclass(frozen=True, slots=True)
class Percentile:
    """What share of the answers of a year was worse, approximately: answers are taken as normal."""

    year: int
    worse: float
    source: str


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files("dora.analysis").joinpath("survey.toml").read_text())


def years() -> list[int]:
    """The years whose tables could be read."""
    return [int(year) for year in _tables()]


def _table(year: int, metric: str) -> tuple[Any, str]:
    table = _tables().get(str(year))
    if table is None:
        raise UsageError(f"There is no benchmark of {year}.", f"use one of {', '.join(map(str, years()))}.")
    return table.get(metric), table["source"]


def place(year: int, metric: str, below: Below) -> Place | None:
    """The fewest neighbouring tiers that hold a number with 80 % or more; None where the year has no tiers for it.

    ``below(x)`` is the probability that the true value, in the unit of the metric, is below x. Raises ``UsageError``
    for a year without a table.
    """
    cells, source = _table(year, metric)
    if not isinstance(cells, list):
        return None
    regions = _regions([Cell(*cell) for cell in cells])
    chances = [below(region.high) - below(region.low) for region in regions]
    start, end = _fewest(chances)
    who = [region.who for region in regions[start:end]]
    return Place(year, " or ".join(_said(who)), math.fsum(chances[start:end]), source)


def _regions(cells: Sequence[Cell]) -> list[Cell]:
    """The cells without holes: single values reach half-way to the next, other gaps are "between"."""
    if all(cell.low == cell.high for cell in cells):
        edges = [0.0, *((a.high + b.low) / 2 for a, b in pairwise(cells)), math.inf]
        return [Cell(cell.who, *edge) for cell, edge in zip(cells, pairwise(edges), strict=True)]
    filled = [Cell(cells[0].who, 0.0, cells[0].high)]
    for before, after in pairwise(cells):
        if after.low > before.high:
            filled.append(Cell(f"between {before.who} and {after.who}", before.high, after.low))
        filled.append(after)
    return [*filled[:-1], Cell(filled[-1].who, filled[-1].low, math.inf)]


def _fewest(chances: Sequence[float]) -> tuple[int, int]:
    """The shortest run that is sure enough, the likeliest of those."""
    for size in range(1, len(chances)):
        start = max(range(len(chances) - size + 1), key=lambda i: math.fsum(chances[i : i + size]))
        if math.fsum(chances[start : start + size]) >= SURE:
            return start, start + size
    return 0, len(chances)


def _said(who: Sequence[str]) -> list[str]:
    """A "between" beside one of its ends says nothing more."""
    plain = [name for name in who if not name.startswith("between")]
    return plain or list(who)


def percentile(year: int, metric: str, value: float, *, higher: bool) -> Percentile | None:
    """What share of a year's answers was worse than a value; None where the year tells no spread of it.

    Raises ``UsageError`` for a year without a table.
    """
    spread, source = _table(year, metric)
    if not isinstance(spread, dict):
        return None
    score = _score(spread, value) if "edges" in spread else 10 * value
    worse = NormalDist(spread["mean"], spread["sd"]).cdf(score)
    return Percentile(year, worse if higher or "edges" in spread else 1 - worse, source)


def _score(spread: dict[str, Any], value: float) -> float:
    """The answer that a value is, from 0 (worst) to 10: edges fall for times and rise for frequencies."""
    edges: list[float] = spread["edges"]
    rising = edges[0] < edges[-1]
    passed = sum(value >= edge if rising else value < edge for edge in edges)
    return 10 * passed / (ANSWERS - 1)
