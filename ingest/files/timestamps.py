"""Parse times in files."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, tzinfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(time: datetime) -> int:
    """Return microseconds since 1970 of a time with an offset."""
    # Integer arithmetic: datetime.timestamp() is a float and loses the last microseconds.
    since = time - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


# Epoch seconds read as milliseconds are in January 1970, and nanoseconds are after 2100: both are refused.
EARLIEST, LATEST = to_micros(datetime(1990, 1, 1, tzinfo=UTC)), to_micros(datetime(2100, 1, 1, tzinfo=UTC))


class Timestamp(int):
    """Microseconds since 1970, from ISO 8601 with a time of day or from epoch milliseconds.

    A time without an offset is a local time of ``zone``: ``is_local`` says that it was, ``is_ambiguous`` that clocks
    repeat or skip it; then its first meaning is used. Raises ``ValueError`` for any other text and for a time before
    1990 or after 2099.
    """

    is_local: bool
    is_ambiguous: bool

    def __new__(cls, text: str, zone: tzinfo = UTC, time_format: str | None = None) -> Timestamp:
        """Parse the text of a cell; ``time_format``, as for ``strptime``, takes precedence over the usual ones."""
        is_local = is_ambiguous = False
        time = _parse_format(text, time_format)
        if time is None and re.fullmatch(r"-?\d{1,20}(\.\d+)?", text):
            micros = round(float(text) * 1000)
        else:
            time = time or _parse_iso(text)
            if time.tzinfo is None:
                time, is_local = time.replace(tzinfo=zone), True
                is_ambiguous = time.utcoffset() != time.replace(fold=1).utcoffset()
            micros = to_micros(time)
        if not EARLIEST <= micros < LATEST:
            raise ValueError(f"{text!r} is not between 1990 and 2100 (numbers are epoch milliseconds)")
        timestamp = super().__new__(cls, micros)
        timestamp.is_local, timestamp.is_ambiguous = is_local, is_ambiguous
        return timestamp


def _parse_format(text: str, time_format: str | None) -> datetime | None:
    with suppress(ValueError):
        return datetime.strptime(text, time_format) if time_format else None
    return None


def _parse_iso(text: str) -> datetime:
    # Many tools write a blank before the offset, or the name of UTC: "2026-03-02 10:00:00 -0500".
    joined = re.sub(r"(?<=\d) (?=[+-]\d{2}:?\d{2}$)", "", re.sub(r"(?<=\d) ?(UTC|GMT)$", "+00:00", text))
    with suppress(ValueError):
        if re.search(r"\d[T ]\d", joined):
            return datetime.fromisoformat(joined)
    raise ValueError(f"{text!r} is not a time: use ISO 8601 with a time of day, or epoch milliseconds")
