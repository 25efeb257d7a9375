"""Time and chance: UTC epoch milliseconds, repeatable random numbers, and the ids that Orca makes of both."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Orca's ULIDs use Crockford's base 32, which has the same order of digits as base64.b32encode but another alphabet.
_CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def dice(*parts: object) -> Random:
    """A random generator that the parts alone determine."""
    return Random(":".join(map(str, parts)))  # noqa: S311 - it must repeat, and nothing secret depends on it


def digest(*parts: object) -> str:
    """32 hexadecimal digits that the parts determine."""
    return hashlib.blake2b(":".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def ulid(at: int, *parts: object) -> str:
    """An id as Orca makes them: ten characters of time, sixteen that the parts determine."""
    number = at << 80 | int(digest(*parts)[:20], 16)
    return base64.b32encode(number.to_bytes(20, "big")).decode().translate(_CROCKFORD)[-26:]


def uuid(*parts: object) -> str:
    """An id as Front50 and Kayenta make them."""
    text = digest(*parts)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def millis(instant: datetime) -> int:
    """Epoch milliseconds of an aware instant."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def _utc(at: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at)


def iso(at: int) -> str:
    """ISO 8601 text with seconds and a Z."""
    return f"{_utc(at):%Y-%m-%dT%H:%M:%SZ}"


def midnight(at: int) -> int:
    """The start of the UTC day."""
    return at - at % DAY


def weekday(at: int) -> int:
    """The day of the week, Monday is 0."""
    return (at // DAY + 3) % 7  # 1970-01-01 was a Thursday


@cache
def is_workday(at: int) -> bool:
    """Whether the UTC day is one from Monday to Friday, except the turn of the year."""
    return weekday(at) < 5 and f"{_utc(at):%m%d}" not in {"0101", "1224", "1225", "1226", "1231"}
