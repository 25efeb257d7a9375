"""Landings elsewhere: publish that of this data folder, and build over several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dora.cli.runs.run_log import RunLog
from dora.config.engine import EngineSettings, read_engine_settings
from dora.config.settings import Config
from dora.errors import DoraError, PartialError


def read_engine(settings: Config) -> EngineSettings:
    """Return the settings of the engine; relative folders start at the folder of dora.toml."""
    return read_engine_settings(settings.engine, settings.path.parent if settings.path else Path())


def publish_landing(settings: Config, log: RunLog, address: str | None = None) -> None:
    """Publish landing to an address, else to that of the settings if they have one.

    Raises ``PartialError`` if that fails: what was ingested is kept.
    """
    from dora.parts.snapshot import publish_landing as publish

    target = address or read_engine(settings).publish_landing
    if not target:
        return
    try:
        snapshot = publish(settings.data, target)
    except DoraError as error:
        raise PartialError(f"The landing was not published: {error.happened}", error.next_step) from error
    rows = sum(total.rows for total in snapshot.totals.values())
    log.write("landing published", address=target, snapshot=snapshot.id, rows=rows)


def join_landings(settings: Config, report: Callable[[str], None]) -> Path | None:
    """Return the folder of the landing that is joined from those of the settings; None if they have none."""
    from dora.parts.landings import join_landings as join

    landings = read_engine(settings).landings
    return join(landings, settings.data, report) if landings else None
