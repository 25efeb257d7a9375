"""Sentences of the pages: moments, ages, counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def local(utc: datetime, zone: str) -> datetime:
    """A UTC instant as the organisation's clock shows it."""
    return utc.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def moment(utc: datetime | None, zone: str) -> str:
    """A UTC instant as local time with its zone, such as ``21 Nov 2026 17:51 UTC``."""
    return "–" if utc is None else f"{local(utc, zone):%-d %b %Y %H:%M} {zone}"


def age(old: timedelta) -> str:
    """An age in hours, from two days on in days."""
    hours = old / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"


def counted(count: int, noun: str) -> str:
    """``1 deployment``, ``1,468 deployments``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def hours(amount: float) -> str:
    """Hours in minutes, hours or days, as fits."""
    if amount < 1.5:
        return f"{amount * 60:.0f} min"
    return f"{amount:.1f} h" if amount < 48 else f"{amount / 24:.1f} days"
