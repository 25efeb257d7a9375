"""From what a group and period has to its number: value, 95 % limits, and the reason where there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

from dora import statistics, wording
from dora.catalog import Metric
from dora.periods import Period


@dataclass(slots=True)
class Cell:
    """What one group and period has: counts, and for medians the Kaplan–Meier figures."""

    n: int = 0
    open: int = 0
    total: float = 0.0
    median: float | None = None
    low: float | None = None
    high: float | None = None
    longest: float | None = None
    excluded: dict[str, int] = field(default_factory=dict)


Estimate = tuple[float | None, float | None, float | None, str | None]


def never(described: Metric, cell: Cell, exposed: Period) -> Estimate:
    """A group without a row in all of history has no number, not a zero."""
    return None, None, None, f"{_nothing(described)} in all of history"


def count(described: Metric, cell: Cell, exposed: Period) -> Estimate:
    """Events per calendar day, with exact Poisson limits (Garwood 1936)."""
    if not exposed.days:
        return None, None, None, "the window has no length"
    low, high = statistics.poisson(cell.n)
    return cell.n / exposed.days, low / exposed.days, high / exposed.days, None


def share(described: Metric, cell: Cell, exposed: Period) -> Estimate:
    """Share of observations with value 1, with Wilson's limits (1927)."""
    interval = statistics.wilson(round(cell.total), cell.n)
    if interval is None:
        return None, None, None, _nothing(described)
    return cell.total / cell.n, *interval, None


def median(described: Metric, cell: Cell, exposed: Period) -> Estimate:
    """Kaplan–Meier median in the metric's unit; null where more than half are still open."""
    if not cell.n:
        return None, None, None, _nothing(described)
    if cell.median is None:
        still = f"the longest for {wording.quantity(cell.longest, described.unit)}"
        return None, cell.low, None, f"more than half are still open, {still}"
    return cell.median, cell.low, cell.high, None


def _nothing(described: Metric) -> str:
    plural = {"canary": "canaries"}.get(described.subject, f"{described.subject}s")
    return f"no {plural} to count"


STATISTICS = {"count": count, "share": share, "median": median}
