"""The table ``[archive]`` of dora.toml: how long payloads stay as they were received."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dora.config.validation import convert


class ArchiveSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``keep`` is an age in days, like ``400d``: of older months, superseded versions of documents are removed.

    Without it every payload stays.
    """

    keep: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,4}d$")] | None = None

    @property
    def age(self) -> timedelta | None:
        """How old a payload is before it is compacted; None if none ever is."""
        return timedelta(days=int(self.keep[:-1])) if self.keep else None


def read_archive_settings(table: Mapping[str, Any]) -> ArchiveSettings:
    """Return the settings of ``[archive]``. Raises ``UsageError`` for an unknown key or a wrong value."""
    settings: ArchiveSettings = convert(dict(table), ArchiveSettings, "dora.toml: [archive]")
    return settings
