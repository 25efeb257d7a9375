"""The settings of ``[sources.files]``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from dora.errors import UsageError
from dora.unknown_keys import explain_unknown_key
from ingest.files.mapping import ExportMapping
from ingest.files.mapping_settings import read_mappings
from ingest.files.records import Conventions, normalize_word


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    paths: list[str] = []
    timezone: str | None = None
    statuses: dict[str, Literal["succeeded", "failed", "canceled", "in_progress"]] = {}
    complete_since: Any = None
    complete_until: Any = None
    kind: str | None = None
    records: str | None = None
    time_format: str | None = None
    columns: dict[str, Any] = {}
    values: dict[str, Any] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say about the files.

    ``paths`` are globs, which a run without paths reads. ``timezone`` is the zone of times without an offset. The
    files are complete from ``complete_since`` to ``complete_until``, if they are set. ``kind`` is what they hold if
    their names do not say it, ``records`` the path of the list of rows in a JSON file, ``mappings`` how to read
    exports of each kind.
    """

    paths: list[str] = []
    timezone: str | None = None
    conventions: Conventions = Conventions()
    complete_since: datetime | None = None
    complete_until: datetime | None = None
    kind: str | None = None
    records: str | None = None
    mappings: Mapping[str, ExportMapping] = {}


def read_settings(table: Mapping[str, Any]) -> Settings:
    """Return the settings of a table; raises ``UsageError`` for an unknown key or a wrong value."""
    try:
        values = msgspec.convert(dict(table), _Table)
        zone = ZoneInfo(values.timezone) if values.timezone else UTC
        moments = [parse_moment(getattr(values, key), zone, key) for key in ("complete_since", "complete_until")]
        mappings = read_mappings(values.columns, values.values)
    except (ValueError, ZoneInfoNotFoundError) as error:
        if isinstance(error, msgspec.ValidationError) and (unknown := explain_unknown_key(error, _Table)):
            raise UsageError(f"[sources.files]{unknown[0]}; nothing was landed.", unknown[1]) from None
        problem = f"{values.timezone!r} is not a time zone" if isinstance(error, ZoneInfoNotFoundError) else str(error)
        next_step = 'use paths = ["exports/*.csv"], timezone = "Europe/Berlin", statuses = { done = "succeeded" },'
        raise UsageError(
            f"[sources.files]: {problem}; nothing was landed.",
            f"{next_step} complete_since and complete_until = 2026-01-01 in dora.toml.",
        ) from None
    statuses = {normalize_word(word): status for word, status in values.statuses.items()}
    return Settings(
        paths=values.paths,
        timezone=values.timezone,
        conventions=Conventions(zone, statuses, values.time_format),
        complete_since=moments[0],
        complete_until=moments[1],
        kind=values.kind,
        records=values.records,
        mappings=mappings,
    )


def parse_moment(value: object, zone: tzinfo, name: str) -> datetime | None:
    """Return a date (its beginning) or a time, local if it has no offset; raises ``ValueError`` with its name."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{name}: {str(value)!r} is not a date or a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
