"""Read ``dora.toml``: the data folder, the sources, and what the organisation defines differently."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from dora.config.secret_files import warn_if_exposed
from dora.config.validation import convert
from dora.errors import UsageError

PASSWORD_IN_URL = re.compile(r"https?://[^/\s'\"@]+@")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The top level of dora.toml.

    ``data`` is the folder of landing.duckdb and dora.duckdb. ``timezone`` is the IANA name of the zone in which days
    and weeks begin. Data older than ``stale_after_hours`` is stale. ``sources`` has the settings of every source.
    ``definitions``, ``teams``, ``applications``, ``goals``, ``run``, ``archive``, ``dashboard``, ``digest`` and
    ``engine`` stay as written; the modules of this room read them.
    """

    data: Path = Path("data")
    timezone: str = "UTC"
    stale_after_hours: Annotated[float, Meta(gt=0)] = 36.0
    sources: dict[str, dict[str, Any]] = {}
    definitions: dict[str, Any] = {}
    teams: dict[str, list[Any]] = {}
    applications: list[dict[str, Any]] = []
    people: dict[str, list[str]] = {}
    goals: dict[str, Any] = {}
    run: dict[str, Any] = {}
    archive: dict[str, Any] = {}
    dashboard: dict[str, Any] = {}
    digest: dict[str, dict[str, Any]] = {}
    engine: dict[str, Any] = {}


class Config(Settings, frozen=True, kw_only=True):
    """The settings of an organisation, and the ``path`` of their file; None if there was none."""

    path: Path | None = None


def read(path: Path | None = None) -> Config:
    """Return the settings of ``path``, else of $DORA_CONFIG, else of ./dora.toml, else the defaults.

    A relative ``data`` folder starts at the folder of the file. Raises ``UsageError`` if the file is missing, is not
    TOML, or has an unknown key or a wrong value.
    """
    if path is None and not os.environ.get("DORA_CONFIG") and not Path("dora.toml").exists():
        return Config()
    path = path or Path(os.environ.get("DORA_CONFIG") or "dora.toml")
    try:
        text = path.read_text()
        table = tomllib.loads(text)
    except FileNotFoundError:
        raise UsageError(f"There is no {path}; nothing was read.", "run `dora init`, which writes one.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}; nothing was read.", "correct that line.") from None
    if PASSWORD_IN_URL.search(text):
        warn_if_exposed(path)
    settings: Settings = convert(table, Settings, str(path))
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(
            f"{path}: {settings.timezone!r} is not a time zone; nothing was read.", "use a name such as Europe/Berlin."
        ) from None
    return Config(**{**msgspec.structs.asdict(settings), "path": path, "data": path.parent / settings.data})
