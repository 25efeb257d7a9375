"""Parse times in files."""

from __future__ import annotations

import re
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(time: datetime) -> int:
    """Return microseconds since 1970; a time without an offset is UTC."""
    # Integer arithmetic: datetime.timestamp() is a float and loses the last microseconds.
    since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


# Epoch seconds read as milliseconds are in January 1970, and nanoseconds are after 2100: both are refused.
EARLIEST, LATEST = to_micros(datetime(1990, 1, 1)), to_micros(datetime(2100, 1, 1))


class Timestamp(int):
    """Microseconds since 1970, from ISO 8601 with a time of day or from epoch milliseconds.

    Raises ``ValueError`` for any other text and for a time before 1990 or after 2099.
    """

    def __new__(cls, text: str) -> Timestamp:
        """Parse the text of a cell."""
        if re.fullmatch(r"-?\d{1,20}(\.\d+)?", text):
            micros = round(float(text) * 1000)
        elif re.search(r"\d[T ]\d", text):
            micros = to_micros(datetime.fromisoformat(text))
        else:
            raise ValueError(f"{text!r} is not a time: use ISO 8601 with a time of day, or epoch milliseconds")
        if not EARLIEST <= micros < LATEST:
            raise ValueError(f"{text!r} is not between 1990 and 2100 (numbers are epoch milliseconds)")
        return super().__new__(cls, micros)
