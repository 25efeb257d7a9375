"""Times as files write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """Whole microseconds since 1970; a time without an offset is UTC."""
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


EARLIEST, LATEST = micros(datetime(1990, 1, 1)), micros(datetime(2100, 1, 1))


class Instant:
    """A time as a file writes it: ISO 8601 with a time of day, or epoch milliseconds; in microseconds since 1970."""

    def __init__(self, text: str) -> None:
        if re.fullmatch(r"-?\d{1,20}(\.\d+)?", text):
            self.micros = round(float(text) * 1000)
        elif re.search(r"\d[T ]\d", text):
            self.micros = micros(datetime.fromisoformat(text))
        else:
            raise ValueError(f"{text!r} is not a time: use ISO 8601 with a time of day, or epoch milliseconds")
        if not EARLIEST <= self.micros < LATEST:
            raise ValueError(f"{text!r} is not between 1990 and 2100 (numbers are epoch milliseconds)")
