"""Times, ages, counts and durations as the pages write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def escape_markdown(text: str) -> str:
    """Return text that Markdown draws as it is: a name of an application may look like a link or an image."""
    return re.sub(r"([\\`*_\[\]()<>!$:~#|])", r"\\\1", text)


def to_local(utc: datetime, zone: str) -> datetime:
    """Return a UTC time, which has no time zone of its own, as local time."""
    return utc.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def to_utc(local: datetime, zone: str) -> datetime:
    """Return a local time as UTC, without a time zone of its own."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def format_time(utc: datetime | None, zone: str) -> str:
    """Return a UTC time as local time with its zone, for example ``21 Nov 2026 17:51 UTC``; null is a dash."""
    return "–" if utc is None else f"{to_local(utc, zone):%-d %b %Y %H:%M} {zone}"


def format_age(age: timedelta) -> str:
    """Return an age in hours, from two days on in days."""
    hours = age / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"


def format_count(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 deployment``, ``1,468 deployments``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def format_hours(hours: float) -> str:
    """Return hours in minutes, hours or days: the unit in which the number is small."""
    if hours < 1.5:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
