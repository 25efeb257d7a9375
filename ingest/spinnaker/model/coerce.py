"""Read single values of Spinnaker's JSON leniently: a value of another type is None, never an error.

A context holds whatever the author of a pipeline wrote, SpEL expressions that are not evaluated yet included.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

EARLIEST, LATEST = 631_152_000_000, 4_102_444_800_000  # 1990 and 2100, epoch milliseconds
# Orca's default user of a trigger, and the user name of a Gate without authentication.
_ANONYMOUS = frozenset({"[anonymous]", "anonymous"})

# Orca's ExecutionStatus. STOPPED and FAILED_CONTINUE are a TERMINAL stage with failPipeline=false and with
# continuePipeline=true (orca-kotlin ext/Stage.kt failureStatus): what the stage did has failed in both.
_STATUSES = {
    "not_started": "NOT_STARTED",
    "running": "RUNNING PAUSED SUSPENDED REDIRECT BUFFERED",
    "succeeded": "SUCCEEDED",
    "failed": "TERMINAL STOPPED FAILED_CONTINUE",
    "canceled": "CANCELED",
    "skipped": "SKIPPED",
}
_STATUS_BY_WORD = {word: status for status, words in _STATUSES.items() for word in words.split()}
COMPLETE = frozenset({"succeeded", "failed", "canceled", "skipped"})


def as_status(value: object) -> str:
    """Translate a status of Orca; ``unknown`` if it is none of the twelve."""
    return _STATUS_BY_WORD.get(value, "unknown") if isinstance(value, str) else "unknown"


def as_text(value: object) -> str | None:
    """Return a non-empty string without spaces around it, or a number as its digits."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_number(value: object, low: float = -math.inf, high: float = math.inf) -> float | None:
    """Return a finite number from ``low`` to ``high``, also if it is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) and low <= parsed <= high else None


def as_micros(value: object) -> int | None:
    """Convert epoch milliseconds to microseconds; None outside 1990 to 2100, which no clock of Orca means."""
    if type(value) is int:
        return value * 1000 if EARLIEST <= value < LATEST else None
    parsed = None if value is None else as_number(value)
    return int(parsed) * 1000 if parsed is not None and EARLIEST <= parsed < LATEST else None


def as_instant(value: object) -> int | None:
    """Convert an ISO 8601 time of Kubernetes to microseconds; None outside 1990 to 2100."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    return as_micros(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))


def as_dict(value: object) -> dict[str, Any]:
    """Return an object; an empty one for any other value."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return a list; an empty one for any other value."""
    return value if isinstance(value, list) else []


def get_nested(value: object, *keys: str) -> Any:
    """Return what objects within objects hold under a path of keys; None if a step of it is missing."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def first_text(*values: object) -> str | None:
    """Return the first value that is a text."""
    for value in values:
        if value is not None and (text := as_text(value)):
            return text
    return None


def first_person(*values: object) -> str | None:
    """Return the first value that names a user."""
    return next((name for value in values if (name := as_text(value)) and name not in _ANONYMOUS), None)
