"""Run all checks of ``dora doctor``: versions, disk, lock, landing, sources, age of the data, build.

The checks fetch and change nothing. A source with a method ``doctor(context)`` adds its own.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from dora.errors import AuthError, DoraError, LockedError, StaleError, counted
from dora.storage import database
from ingest import configure_source
from ingest.doctor.attribution import check_attribution, read_deployments
from ingest.doctor.finding import DoctorFinding, SourceContext

LAST_LOADS = """
SELECT source, max(finished_at) AS finished_at, max(as_of) AS as_of,
  arg_max(partial_failures, started_at) AS partial_failures,
  (SELECT count(*) FROM quarantine WHERE quarantine.source = load.source
    AND resolved_at IS NULL AND dismissed_at IS NULL) AS quarantined,
  arg_max(finished_at IS NULL, started_at) AS is_interrupted,
  source IN (SELECT source FROM event) AS has_notes
FROM load
-- Not the loads of `dora quarantine --dismiss`, which fetch nothing.
WHERE finished_at IS NULL OR documents > 0 OR as_of IS NOT NULL OR len(partial_failures) > 0
GROUP BY source
"""


class LastLoad(msgspec.Struct, frozen=True):
    """The last load of one source in landing.duckdb; times are UTC."""

    context: SourceContext
    finished_at: datetime | None
    as_of: datetime | None
    partial_failures: list[str] | None
    quarantined: int
    is_interrupted: bool
    has_notes: bool


def run_checks(
    data: Path, settings: Mapping[str, Mapping[str, Any]], stale_after_hours: float
) -> Iterator[DoctorFinding]:
    """Yield the results of all checks; those that stop a run come first."""
    product, duckdb = version("delivery-metrics"), version("duckdb")
    message = f"delivery-metrics {product}, Python {platform.python_version()}, DuckDB {duckdb}"
    yield DoctorFinding("versions", "ok", message)
    yield from _check_folder(data)
    loads: dict[str, LastLoad] = {}
    yield _check_landing(data, loads)
    build = read_deployments(data / database.PUBLISHED)
    if not settings:
        yield DoctorFinding("sources", "fail", "no source is configured", "add [sources.NAME] to dora.toml.")
    for name, source_settings in settings.items():
        context = msgspec.structs.replace(
            loads[name].context if name in loads else SourceContext(),
            deployments_by_repository=build.deployments_by_repository,
            total_deployments=build.total_deployments,
        )
        yield from _check_source(name, source_settings, data, context)
        yield from _check_last_load(name, loads.get(name), timedelta(hours=stale_after_hours))
    finding = _check_build(data, loads)
    yield finding
    if finding.state != "fail":
        yield from check_attribution(data / database.PUBLISHED)


def raise_on_failure(findings: Sequence[DoctorFinding]) -> None:
    """Raise ``AuthError`` if a check failed for lack of access, ``StaleError`` if any other failed."""
    failed = [finding for finding in findings if finding.state == "fail"]
    if failed:
        error = AuthError if any(finding.auth_failed for finding in failed) else StaleError
        raise error(f"{len(failed)} of {len(findings)} checks failed.", "do what the column `next` says.")


def _check_folder(data: Path) -> Iterator[DoctorFinding]:
    if not data.is_dir():
        yield DoctorFinding("data", "warn", f"the folder {data} does not exist", "run `dora ingest NAME`: it makes it.")
        return
    if not os.access(data, os.W_OK | os.X_OK):
        yield DoctorFinding("data", "fail", f"this user can not write to {data}", "give it the permission.")
    space = database.measure_space(data)
    if space.free < space.needed:
        yield DoctorFinding(
            "disk", "fail", str(space), "free some space: a build is complete before it replaces the old."
        )
    else:
        yield DoctorFinding("disk", "ok", str(space))


def _check_landing(data: Path, loads: dict[str, LastLoad]) -> DoctorFinding:
    """Check the control totals of landing.duckdb, and read the last load of each source into ``loads``."""
    if not (data / database.LANDING).exists():
        return DoctorFinding("landing", "warn", "nothing is ingested yet", "run `dora ingest NAME`.")
    try:
        with database.inspect_landing(data) as con:
            for source, *columns in con.execute(LAST_LOADS).fetchall():
                watermarks = con.execute("SELECT stream, value FROM watermark WHERE source = ?", [source]).fetchall()
                names = con.execute("SELECT application FROM application WHERE source = ?", [source]).fetchall()
                context = SourceContext(frozenset(name for (name,) in names), dict(watermarks))
                loads[source] = LastLoad(context, *columns)
    except LockedError:
        return DoctorFinding(
            "lock", "warn", "another run holds the lock; landing.duckdb is not checked", "repeat when it has ended."
        )
    except DoraError as error:
        return DoctorFinding("landing", "fail", error.happened, error.next_step)
    return DoctorFinding("landing", "ok", "all committed rows are there; no run holds the lock")


def _check_source(
    name: str, settings: Mapping[str, Any], data: Path, context: SourceContext
) -> Iterator[DoctorFinding]:
    try:
        source = configure_source(name, settings, data)
        if check := getattr(source, "doctor", None):
            # Only a source with `type` has a name of its own, and another one of that type may be beside it.
            prefix = f"{name}: " if "type" in settings else ""
            for finding in check(context):
                yield msgspec.structs.replace(finding, check=f"{prefix}{finding.check}")
    except DoraError as error:
        yield DoctorFinding(name, "fail", error.happened, error.next_step, auth_failed=isinstance(error, AuthError))


def _check_last_load(name: str, load: LastLoad | None, max_age: timedelta) -> Iterator[DoctorFinding]:
    check, ingest = f"{name} data", f"run `dora ingest {name}`"
    if load is None:
        yield DoctorFinding(check, "warn", "never ingested", f"{ingest}.")
        return
    if load.is_interrupted:
        yield DoctorFinding(check, "warn", "the last run did not finish", f"{ingest}: it continues.")
    if load.partial_failures:
        parts = counted(len(load.partial_failures), "part")
        message = f"the last run missed {parts}, the first: {load.partial_failures[0]}"
        yield DoctorFinding(check, "warn", message, f"fix the cause, then {ingest}.")
    if load.quarantined:
        message = f"{counted(load.quarantined, 'document')} could not be read, and no later version of them was"
        yield DoctorFinding(check, "warn", message, "run `dora quarantine`: it says how to retry or dismiss each.")
    if load.as_of is None and load.has_notes:
        yield DoctorFinding(check, "ok", "events only, which do not age")
        return
    if load.as_of is None:
        yield DoctorFinding(check, "fail", "no run has finished and read a time", "run `dora nightly`.")
        return
    through = f"data through {load.as_of:%Y-%m-%d %H:%M} UTC"
    if datetime.now(UTC).replace(tzinfo=None) - load.as_of > max_age:
        message = f"{through}, more than {max_age / timedelta(hours=1):g} h ago"
        yield DoctorFinding(check, "fail", message, "run `dora nightly`.")
    else:
        yield DoctorFinding(check, "ok", through)


def _check_build(data: Path, loads: Mapping[str, LastLoad]) -> DoctorFinding:
    path = data / database.PUBLISHED
    if not path.exists():
        return DoctorFinding("build", "warn", "nothing is built yet", "run `dora build`.")
    try:
        database.open_build(path).close()
    except DoraError as error:
        return DoctorFinding("build", "fail", error.happened, error.next_step)
    built_at = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
    newer = sorted(name for name, load in loads.items() if load.finished_at and load.finished_at > built_at)
    if newer:
        return DoctorFinding("build", "warn", f"older than the data of {', '.join(newer)}", "run `dora build`.")
    return DoctorFinding("build", "ok", f"built {built_at:%Y-%m-%d %H:%M} UTC, after the last ingest")
