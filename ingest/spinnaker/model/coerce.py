"""Single values of Spinnaker's JSON, read leniently: what is no such thing is None, never an error."""

from __future__ import annotations

import math
from typing import Any

EARLIEST, LATEST = 631_152_000_000, 4_102_444_800_000  # 1990 and 2100, epoch milliseconds
NOBODY = frozenset({"[anonymous]", "anonymous"})

STATUSES = {
    "NOT_STARTED": "not_started",
    "RUNNING": "running",
    "PAUSED": "running",
    "SUSPENDED": "running",
    "REDIRECT": "running",
    "BUFFERED": "running",
    "SUCCEEDED": "succeeded",
    "TERMINAL": "failed",
    "STOPPED": "failed",
    "FAILED_CONTINUE": "failed",
    "CANCELED": "canceled",
    "SKIPPED": "skipped",
}
COMPLETE = frozenset({"succeeded", "failed", "canceled", "skipped"})


def as_status(value: object) -> str:
    """A status of Orca in the contract's words; ``unknown`` where it is none of the twelve."""
    return STATUSES.get(value, "unknown") if isinstance(value, str) else "unknown"


def as_text(value: object) -> str | None:
    """A non-empty string; a number as its digits; else None."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_number(value: object, low: float = -math.inf, high: float = math.inf) -> float | None:
    """A finite number within bounds, also from its digits; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and low <= found <= high else None


def as_micros(value: object) -> int | None:
    """Epoch milliseconds as microseconds; None outside 1990 to 2100, where no such instant was meant."""
    if type(value) is int:
        return value * 1000 if EARLIEST <= value < LATEST else None
    found = None if value is None else as_number(value)
    return int(found) * 1000 if found is not None and EARLIEST <= found < LATEST else None


def as_dict(value: object) -> dict[str, Any]:
    """An object; empty where the value is none."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """A list; empty where the value is none."""
    return value if isinstance(value, list) else []


def first_text(*values: object) -> str | None:
    """The first of the values that is a text."""
    for value in values:
        if value is not None and (found := as_text(value)):
            return found
    return None


def first_person(*values: object) -> str | None:
    """The first of the values that names somebody."""
    return next((found for value in values if (found := as_text(value)) and found not in NOBODY), None)
