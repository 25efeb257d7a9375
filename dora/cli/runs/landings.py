"""Landings elsewhere: publish that of this data folder, and build over several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dora.cli.runs.run_log import RunLog
from dora.config.engine import EngineSettings, read_engine_settings
from dora.config.settings import Config
from dora.errors import AuthError, DoraError, LockedError, PartialError, StaleError, counted

if TYPE_CHECKING:
    from ingest.doctor.finding import DoctorFinding


def read_engine(settings: Config) -> EngineSettings:
    """Return the settings of the engine; relative folders start at the folder of dora.toml."""
    return read_engine_settings(settings.engine, settings.path.parent if settings.path else Path())


def publish_landing(settings: Config, log: RunLog, address: str | None = None) -> str | None:
    """Publish landing to an address, else to that of the settings, and return a sentence about it; None without both.

    Raises ``PartialError`` if that fails: what was ingested is kept.
    """
    from dora.parts.snapshot import publish_landing as publish

    target = address or read_engine(settings).publish_landing
    if not target:
        return None
    try:
        snapshot = publish(settings.data, target)
    except DoraError as error:
        raise PartialError(f"The landing was not published: {error.happened}", error.next_step) from error
    place = target.partition("?")[0]
    log.write("landing published", address=place, snapshot=snapshot.id, rows=snapshot.rows)
    return f"Landing is published at {place}: {counted(snapshot.rows, 'row')}, snapshot {snapshot.id}."


def join_landings(settings: Config, report: Callable[[str], None]) -> Path | None:
    """Return the folder of the landing that is joined from those of the settings; None if they have none."""
    from dora.parts.landings import join_landings as join

    landings = read_engine(settings).landings
    return join(landings, settings.data, report) if landings else None


def check_engine(settings: Config) -> Iterator[DoctorFinding]:
    """Yield whether each landing and the engine of the settings can be reached, and how old the landings are."""
    engine = read_engine(settings)
    for address in engine.landings:
        yield _check(f"landing {address.partition('?')[0]}", partial(_describe_landing, address, settings))
    if engine.kind == "spark":
        from dora.engines import spark

        yield _check("engine", partial(spark.describe, engine))


def _describe_landing(address: str, settings: Config) -> str:
    from dora.parts.landings import open_landing

    with open_landing(address) as landing:
        snapshot = landing.snapshot
    time = f"{snapshot.as_of:%Y-%m-%d %H:%M} UTC" if snapshot.as_of else "an unknown time"
    text = f"{', '.join(snapshot.sources)}: {counted(snapshot.rows, 'row')}, data through {time}"
    oldest = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=settings.stale_after_hours)
    if snapshot.as_of and snapshot.as_of < oldest:
        raise StaleError(text, "see that `dora nightly` runs where it is published.")
    return text


def _check(name: str, describe: Callable[[], str]) -> DoctorFinding:
    from ingest.doctor.finding import DoctorFinding

    try:
        return DoctorFinding(name, "ok", describe())
    except (StaleError, LockedError) as error:
        return DoctorFinding(name, "warn", error.happened, error.next_step)
    except DoraError as error:
        return DoctorFinding(name, "fail", error.happened, error.next_step, isinstance(error, AuthError))
