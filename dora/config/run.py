"""The table ``[run]`` of dora.toml: files, log and metrics of the commands that write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dora.config.validation import convert


class RunSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How ingest, build and nightly leave their traces.

    ``group_readable`` lets the group read the data folder; without it only its owner may. ``keep_logs`` is the number
    of logs in data/logs, ``max_log_mb`` their size in megabytes. ``prometheus`` is a file with the numbers of each
    night; relative paths start at the working folder.
    """

    group_readable: bool = False
    keep_logs: Annotated[int, Meta(ge=1)] = 200
    max_log_mb: Annotated[float, Meta(gt=0)] = 64.0
    prometheus: Path | None = None


def read_run_settings(table: Mapping[str, Any]) -> RunSettings:
    """Return the settings of ``[run]``. Raises ``UsageError`` for an unknown key or a wrong value."""
    settings: RunSettings = convert(dict(table), RunSettings, "dora.toml: [run]")
    return settings
