"""The table ``[engine]`` of dora.toml: where a build is made, in how many parts, and from which landings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from dora.config.validation import convert
from dora.errors import UsageError


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a build is made in parts.

    ``kind`` is ``here``, processes of this machine, or ``spark``, a server of Spark Connect at ``remote``, such as
    ``sc://host:15002``. ``parts`` is their number. At most ``workers`` parts are built at the same time, those of
    this machine one for each gigabyte of ``memory``. ``store`` is the address or folder of parts, by default a folder
    of the data folder. ``landings`` are addresses or folders of published landings that are built instead of
    landing.duckdb; to ``publish_landing`` the landing is published after each ingest. Where ``store`` is set,
    dora.duckdb has the targets, stages, commits and changes of the last ``detail_days``, and the store has all.
    """

    kind: Literal["here", "spark"] = "here"
    remote: str | None = None
    parts: Annotated[int, Meta(ge=1)] | Literal["auto"] = "auto"
    workers: Annotated[int, Meta(ge=1)] | None = None
    memory: Annotated[str, Meta(pattern=r"^[0-9.]+ ?[MG]B$")] = "1GB"
    store: str | None = None
    detail_days: Annotated[int, Meta(ge=1)] = 400
    landings: tuple[str, ...] = ()
    publish_landing: str | None = None

    @property
    def gigabytes(self) -> float:
        """The memory in gigabytes."""
        return float(self.memory[:-2]) / {"MB": 1000, "GB": 1}[self.memory[-2:]]


def read_engine_settings(table: Mapping[str, Any], base: Path = Path()) -> EngineSettings:
    """Return the settings of ``[engine]``; a relative folder starts at ``base``, $SPARK_REMOTE replaces ``remote``.

    Raises ``UsageError`` for an unknown key, a wrong value, or a token in the address of the engine.
    """
    settings: EngineSettings = convert(dict(table), EngineSettings, "dora.toml: [engine]")
    remote = os.environ.get("SPARK_REMOTE") or settings.remote
    if remote and "token=" in remote.lower():
        raise UsageError("The address of the engine has a token in it.", "set the token in $DORA_SPARK_TOKEN.")
    folders = {name: _resolve(getattr(settings, name), base) for name in ("store", "publish_landing")}
    landings = tuple(str(_resolve(landing, base)) for landing in settings.landings)
    if len(set(landings)) < len(landings):
        raise UsageError("dora.toml: [engine] landings has an address twice; nothing was read.", "name each once.")
    return msgspec.structs.replace(settings, remote=remote, landings=landings, **folders)


def _resolve(address: str | None, base: Path) -> str | None:
    return str(base / address) if address and "://" not in address else address
