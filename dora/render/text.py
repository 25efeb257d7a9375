"""Numbers in words, once for the command line, the pages and the notebooks."""

from __future__ import annotations

from datetime import datetime

NOTHING = "–"


def readable(value: object) -> str:
    """A value as people read it; what has no shape of its own, such as a control character, is shown as such."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {readable(item)}" for key, item in value.items() if item is not None) or NOTHING
    text = "; ".join(map(readable, value)) if isinstance(value, list | tuple) else str(value)
    return "".join(letter if letter.isprintable() else "�" for letter in text)


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


def interval(low: float | None, high: float | None, unit: str, n: int | None) -> str:
    """The 95 % interval in words; an end without a bound is said so; ``n`` is null where there is no number."""
    if low is None and high is None:
        return "" if n is None else f"no 95 % interval from {n}"
    if high is None:
        return f"95 % from {quantity(low, unit)}, no upper bound"
    if low is None:
        return f"95 % up to {quantity(high, unit)}"
    return f"95 % {_span(quantity(low, unit), quantity(high, unit))}"


def _span(low: str, high: str) -> str:
    """``8.3–11.3 %`` where both ends have one unit, else ``25 min to 3 h``."""
    (below, _, unit), (_, _, other) = low.partition(" "), high.partition(" ")
    return f"{below}–{high}" if unit.removesuffix("s") == other.removesuffix("s") else f"{low} to {high}"


def evidence(n: int, cases: int | None, limits: str, still_open: int) -> str:
    """The one line under a number: what it counts (``cases`` of ``n`` for a share), its interval, what is open."""
    counted = f"{n:,}" if cases is None else f"{cases:,} of {n:,}"
    return " · ".join(part for part in (counted, limits, f"{still_open:,} still open" if still_open else "") if part)


def days(first: datetime, last: datetime | None = None) -> str:
    """Local days in words, the last one included: ``9 March 2026``, ``3–9 March 2026``, ``28 May – 3 June 2026``."""
    end = f"{(last or first):%-d %B %Y}"
    if last is None or first.date() == last.date():
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    return f"{first:%-d %B} – {end}" if first.year == last.year else f"{first:%-d %B %Y} – {end}"
