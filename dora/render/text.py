"""Numbers in words, once for the command line, the pages and the notebooks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dora.query.value import Value
    from dora.sql.catalog import Metric

NOTHING = "–"
STATISTICS = {"plain_median": "median of those that ended", "p75": "75th percentile", "p90": "90th percentile"}


def titled(metric: Metric, statistic: str) -> str:
    """A metric's title, with the statistic where it is not its own: ``…, mean (MTTR)``."""
    if statistic == metric.statistic:
        return metric.title
    acronym = " (MTTR)" if (metric.name, statistic) == ("recovery_time", "mean") else ""
    return f"{metric.title}, {STATISTICS.get(statistic, statistic)}{acronym}"


def quantity(amount: float | None, unit: str) -> str:
    """An amount with its unit as a person would say it: ``25 min``, ``9.7 %``, ``16.3 / day``; ``–`` for null."""
    if amount is None:
        return NOTHING
    if unit == "hours":
        return _duration(amount)
    if unit == "share":
        return f"{amount * 100:.3g} %" if amount < 0.9995 else f"{amount * 100:.4g} %"
    if " per " in f" {unit}":
        return f"{_significant(amount)} {unit.replace('per ', '/ ')}"
    return f"{_significant(amount)} {unit.removesuffix('s') if amount == 1 else unit}"


def _duration(hours: float) -> str:
    minutes = hours * 60
    if minutes < 1:
        return f"{minutes * 60:.0f} s"
    if minutes < 90:
        return f"{minutes:.0f} min" if minutes >= 10 else f"{minutes:.1f} min"
    return f"{_significant(hours)} h" if hours < 48 else f"{_significant(hours / 24)} d"


def _significant(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"


def interval(value: Value) -> str:
    """The 95 % interval in words; an end without a bound is said so."""
    low, high, unit = value.low, value.high, value.unit
    if low is None and high is None:
        return f"no 95 % interval from {value.n}" if value.value is not None else ""
    if high is None:
        return f"95 % from {quantity(low, unit)}, no upper bound"
    if low is None:
        return f"95 % up to {quantity(high, unit)}"
    return f"95 % {_span(quantity(low, unit), quantity(high, unit))}"


def _span(low: str, high: str) -> str:
    """``8.3–11.3 %`` where both ends have one unit, else ``25 min to 3 h``."""
    (below, _, unit), (_, _, other) = low.partition(" "), high.partition(" ")
    return f"{below}–{high}" if unit.removesuffix("s") == other.removesuffix("s") else f"{low} to {high}"


def evidence(value: Value) -> str:
    """The one line under a number: what it counts, its interval, what is still open."""
    if value.value is None:
        return value.reason or NOTHING
    counted = f"{value.n:,}"
    if value.statistic == "share":
        counted = f"{round(value.value * value.n):,} of {value.n:,}"
    still_open = f"{value.open:,} still open" if value.open else ""
    return " · ".join(part for part in (counted, interval(value), still_open) if part)


def days(first: datetime, last: datetime | None = None) -> str:
    """Local days in words, the last one included: ``9 March 2026``, ``3–9 March 2026``, ``28 May – 3 June 2026``."""
    end = f"{(last or first):%-d %B %Y}"
    if last is None or first.date() == last.date():
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    return f"{first:%-d %B} – {end}" if first.year == last.year else f"{first:%-d %B %Y} – {end}"
