"""Read ``dora.toml``: where data lives, which sources there are, and what the organisation defines otherwise."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dora.errors import UsageError

KEYS = {"data", "timezone", "stale_after_hours", "sources", "definitions", "teams", "applications", "dashboard"}


@dataclass(frozen=True, slots=True)
class Config:
    """One organisation's settings. ``path`` is the file they came from, null where there was none.

    ``data`` is the folder of landing.duckdb and dora.duckdb, ``timezone`` the IANA name in which days and
    weeks are cut, ``stale_after_hours`` the age from which data counts as stale, ``sources`` the settings
    of each source by name, ``definitions`` the organisation's overrides, ``teams`` application globs by
    team (``dora.config.teams``), ``applications`` overrides by application globs (later ones win), ``dashboard`` where
    people reach it and how they log in (``dora.config.dashboard``).
    """

    path: Path | None = None
    data: Path = Path("data")
    timezone: str = "UTC"
    stale_after_hours: float = 36.0
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    definitions: dict[str, Any] = field(default_factory=dict)
    teams: dict[str, list[Any]] = field(default_factory=dict)
    applications: list[dict[str, Any]] = field(default_factory=list)
    dashboard: dict[str, Any] = field(default_factory=dict)


def read(path: Path | None = None) -> Config:
    """The settings of ``path``, else of $DORA_CONFIG, else of ./dora.toml, else the defaults.

    A relative ``data`` folder is meant from the file's own folder. Raises ``UsageError`` where the file is
    missing, is not TOML, or has a key that nobody reads.
    """
    chosen = path or (Path(os.environ["DORA_CONFIG"]) if os.environ.get("DORA_CONFIG") else None)
    if chosen is None:
        chosen = Path("dora.toml")
        if not chosen.exists():
            return Config()
    return _checked(chosen, _parsed(chosen))


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise UsageError(f"There is no {path}; nothing was read.", "copy dora.example.toml.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}; nothing was read.", "mend that line.") from None


def _checked(path: Path, table: dict[str, Any]) -> Config:
    unknown = sorted(set(table) - KEYS)
    if unknown:
        raise UsageError(f"{path} has keys that nobody reads: {', '.join(unknown)}.", f"use {', '.join(sorted(KEYS))}.")
    settings = Config(path=path, **table)
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(
            f"{path}: {settings.timezone!r} is no time zone.", "use a name such as Europe/Berlin."
        ) from None
    return Config(**{**table, "path": path, "data": path.parent / table.get("data", "data")})
