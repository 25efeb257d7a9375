"""Format numbers, confidence intervals and days for the command line, the pages and the notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

NOTHING = "–"
# An image: its name, and a tag, a digest or both. A name has no capital letters, unlike a time of day such as T10:00.
IMAGE = re.compile(r"(?P<name>[a-z0-9][a-z0-9._/:-]*?)(?::(?P<tag>[\w.-]+))?(?:@(?:sha\d+:)?(?P<digest>[\w.:-]+))?")
SHORT_DIGEST = 12  # digits
MAX_NAMES = 3


def readable(value: object) -> str:
    """Format a cell of any table; a character that can not be printed is shown as �."""
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
    """Format an amount with its unit: ``25 min``, ``9.67 %``, ``16.3 / day``; ``–`` for null."""
    if amount is None:
        return NOTHING
    if unit == "hours":
        return _duration(amount)
    if unit == "share":
        # From 99.95 % on three digits would read "100 %" for a share that is not.
        return f"{amount * 100:.3g} %" if amount < 0.9995 else f"{amount * 100:.4g} %"
    if " per " in f" {unit}":
        return f"{_three_digits(amount)} {unit.replace('per ', '/ ')}"
    return f"{_three_digits(amount)} {unit.removesuffix('s') if amount == 1 else unit}"


def _duration(hours: float) -> str:
    minutes = hours * 60
    if minutes < 1:
        return f"{minutes * 60:.0f} s"
    if minutes < 90:
        return f"{minutes:.0f} min" if minutes >= 10 else f"{minutes:.1f} min"
    return f"{_three_digits(hours)} h" if hours < 48 else f"{_three_digits(hours / 24)} d"


def _three_digits(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"


def signed(amount: float, digits: int = 1) -> str:
    """Format a change with its sign: ``+5.0``, ``−3.2``, ``±0.0`` for one that rounds to zero."""
    text = f"{abs(amount):.{digits}f}"
    return ("±" if float(text) == 0 else "+" if amount > 0 else "−") + text


def interval(low: float | None, high: float | None, unit: str) -> str:
    """Format a confidence interval: ``95 % CI 8.3–11.3 %`` or ``95 % CI 25 min to 3 h``; null has no bound.

    Limits that are equal when printed are printed once: ``95 % CI 20 min``.
    """
    if low is None and high is None:
        return "no 95 % CI"
    if high is None:
        return f"95 % CI from {quantity(low, unit)}, no upper bound"
    if low is None:
        return f"95 % CI up to {quantity(high, unit)}"
    low_text, high_text = quantity(low, unit), quantity(high, unit)
    if low_text == high_text:
        return f"95 % CI {high_text}"
    (low_number, _, low_unit), (_, _, high_unit) = low_text.partition(" "), high_text.partition(" ")
    if low_unit.removesuffix("s") == high_unit.removesuffix("s"):
        return f"95 % CI {low_number}–{high_text}"
    return f"95 % CI {low_text} to {high_text}"


def evidence(n: int, cases: int | None, limits: str, pending: int, *notes: str) -> str:
    """Format the line under a number: ``n = 2,815 · 95 % CI 20–21 min · 23 pending``; a share has ``cases`` of n."""
    size = f"n = {n:,}" if cases is None else f"{cases:,} of {n:,}"
    return " · ".join(part for part in (size, limits, f"{pending:,} pending" if pending else "", *notes) if part)


def observed(days: float, window: float, for_less: Mapping[str, float]) -> str:
    """Format on how many days of a window a group was observed, and which of its applications on fewer."""
    parts = [f"observed on {days:,.0f} of {window:,.0f} days"] if days < window else []
    if for_less:
        names = [f"{name} on {own:,.0f}" for name, own in list(for_less.items())[:MAX_NAMES]]
        more = [f"{len(for_less) - MAX_NAMES} more on fewer"] if len(for_less) > MAX_NAMES else []
        parts.append(f"{', '.join([*names, *more])}" + ("" if parts else f" of {days:,.0f} days"))
    return "; ".join(parts)


def days(first: datetime, last: datetime | None = None) -> str:
    """Format local days, the last one included: ``9 March 2026``, ``3–9 March 2026``, ``28 May – 3 June 2026``."""
    end = f"{(last or first):%-d %B %Y}"
    if last is None or first.date() == last.date():
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    return f"{first:%-d %B} – {end}" if first.year == last.year else f"{first:%-d %B %Y} – {end}"


def short_versions(versions: Iterable[str | None]) -> list[str | None]:
    """Return versions for people: of images the tag, or the first digits of the digest, if these tell them apart.

    Images have their name too where several names occur: ``shop:v1 proxy:v2``. Other versions stay as they are.
    """
    texts = list(versions)
    names = {match["name"] for text in texts if text for match in _images(text) or ()}
    is_ambiguous = len({_last_name(name) for name in names}) < len(names)
    return [text and _short_version(text, names, is_ambiguous=is_ambiguous) for text in texts]


def _images(version: str) -> list[re.Match[str]] | None:
    """Return the images of a version; null if it is none of images."""
    matches = [IMAGE.fullmatch(part) for part in version.split()]
    images = [match for match in matches if match and (match["tag"] or match["digest"])]
    return images if images and len(images) == len(matches) else None


def _short_version(version: str, names: set[str], *, is_ambiguous: bool) -> str:
    images = _images(version)
    if images is None:
        return version
    ends = [(match["digest"] or "")[:SHORT_DIGEST] or match["tag"] for match in images]
    if len(names) == 1:
        return ends[0]
    labels = [match["name"] if is_ambiguous else _last_name(match["name"]) for match in images]
    return " ".join(f"{label}:{end}" for label, end in zip(labels, ends, strict=True))


def _last_name(name: str) -> str:
    return name.rpartition("/")[2]
