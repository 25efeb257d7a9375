"""What could go wrong tonight, looked at now: sources, landing, lock, disk, freshness, versions.

Nothing is fetched into landing and nothing is changed. A source with a method ``doctor(known)`` is asked itself.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from dora.errors import AuthError, DoraError, LockedError, StaleError, counted
from dora.storage import database
from ingest import configure_source
from ingest.doctor import attribution
from ingest.doctor.finding import DoctorFinding, SourceContext

LEAST_FREE = 256 << 20
LOADS = """
SELECT source, max(finished_at) AS finished_at, max(as_of) AS as_of,
  arg_max(partial_failures, started_at) AS partial_failures,
  (SELECT count(*) FROM quarantine q WHERE q.source = load.source AND q.resolved_at IS NULL) AS quarantined,
  arg_max(finished_at IS NULL, started_at) AS cut_off
FROM load GROUP BY source
"""


class Loaded:
    """The last load of one source, as landing remembers it."""

    def __init__(self, row: Sequence[Any], context: SourceContext) -> None:
        self.finished_at, self.as_of, self.partial_failures, self.quarantined, self.cut_off = row
        self.context = context


def run_checks(
    data: Path, settings: Mapping[str, Mapping[str, Any]], stale_after_hours: float
) -> Iterator[DoctorFinding]:
    """Everything, in the order in which it would stop a run."""
    yield _versions()
    yield from _folder(data)
    loads: dict[str, Loaded] = {}
    yield _landing(data, loads)
    deployed = attribution.read_deployments(data / database.PUBLISHED)
    if not settings:
        yield DoctorFinding("sources", "fail", "none is configured", "name some under [sources.NAME] of dora.toml.")
    for name, given in settings.items():
        context = loads[name].context if name in loads else SourceContext()
        context = msgspec.structs.replace(
            context,
            deployments_by_repository=deployed.deployments_by_repository,
            total_deployments=deployed.total_deployments,
        )
        yield from _source(name, given, data, context)
        yield from _fresh(name, loads.get(name), timedelta(hours=stale_after_hours))
    built = _build(data, loads)
    yield built
    if built.state != "fail":
        yield from attribution.check_attribution(data / database.PUBLISHED)


def raise_on_failure(findings: Sequence[DoctorFinding]) -> None:
    """Raise ``AuthError`` where a server does not know us or refuses something, else ``StaleError`` for any failure."""
    failed = [finding for finding in findings if finding.state == "fail"]
    if not failed:
        return
    error = AuthError if any(finding.auth_failed for finding in failed) else StaleError
    raise error(f"{len(failed)} of {len(findings)} checks failed.", "do what stands beside them.")


def _versions() -> DoctorFinding:
    ours = version("delivery-metrics")
    says = f"delivery-metrics {ours}, Python {platform.python_version()}, DuckDB {version('duckdb')}"
    return DoctorFinding("versions", "ok", says)


def _folder(data: Path) -> Iterator[DoctorFinding]:
    if not data.is_dir():
        yield DoctorFinding("data", "warn", f"there is no folder {data} yet", "run `dora ingest NAME`, which makes it.")
        return
    if not os.access(data, os.W_OK | os.X_OK):
        yield DoctorFinding("data", "fail", f"{data} can not be written", "give this user the right to write there.")
    free = shutil.disk_usage(data).free
    files = [data / database.LANDING, data / database.PUBLISHED]
    needed = LEAST_FREE + 2 * sum(file.stat().st_size for file in files if file.exists())
    says = f"{free >> 20:,} MB are free, a run may need {needed >> 20:,} MB"
    if free < needed:
        yield DoctorFinding("disk", "fail", says, "make room: a build is written whole before it is used.")
    else:
        yield DoctorFinding("disk", "ok", says)


def _landing(data: Path, loads: dict[str, Loaded]) -> DoctorFinding:
    if not (data / database.LANDING).exists():
        return DoctorFinding("landing", "warn", "nothing was ingested yet", "run `dora ingest NAME`.")
    try:
        with database.inspect_landing(data) as con:
            for source, *row in con.execute(LOADS).fetchall():
                loads[source] = Loaded(row, _known(con, source))
    except LockedError:
        return DoctorFinding(
            "lock", "warn", "another run is writing; landing was not looked at", "repeat when it has ended."
        )
    except DoraError as error:
        return DoctorFinding("landing", "fail", error.happened, error.next_step)
    return DoctorFinding("landing", "ok", "its rows are those that were committed; nobody holds the lock")


def _known(con: database.Connection, source: str) -> SourceContext:
    marks = con.execute("SELECT stream, value FROM watermark WHERE source = ?", [source]).fetchall()
    names = con.execute("SELECT application FROM application WHERE source = ?", [source]).fetchall()
    return SourceContext(frozenset(name for (name,) in names), dict(marks))


def _source(name: str, settings: Mapping[str, Any], data: Path, context: SourceContext) -> Iterator[DoctorFinding]:
    try:
        source = configure_source(name, settings, data)
        if ask := getattr(source, "doctor", None):
            several = "type" in settings
            for found in ask(context):
                yield msgspec.structs.replace(found, check=f"{name}: {found.check}") if several else found
    except DoraError as error:
        yield DoctorFinding(name, "fail", error.happened, error.next_step, auth_failed=isinstance(error, AuthError))


def _fresh(name: str, loaded: Loaded | None, limit: timedelta) -> Iterator[DoctorFinding]:
    part = f"{name} data"
    if loaded is None:
        yield DoctorFinding(part, "warn", "no load of it is known", f"run `dora ingest {name}`.")
        return
    if loaded.cut_off:
        yield DoctorFinding(
            part, "warn", "its last run did not get to its end", f"run `dora ingest {name}`: it goes on."
        )
    if loaded.partial_failures:
        says = (
            f"its last run missed {counted(len(loaded.partial_failures), 'part')}, such as {loaded.partial_failures[0]}"
        )
        yield DoctorFinding(part, "warn", says, f"mend that, then run `dora ingest {name}`.")
    if loaded.quarantined:
        says = f"{counted(loaded.quarantined, 'document')} could not be read, and not well since"
        yield DoctorFinding(part, "warn", says, "look at the table quarantine of landing.duckdb.")
    age = datetime.now(UTC).replace(tzinfo=None) - loaded.as_of if loaded.as_of else None
    if age is None or age > limit:
        says = f"it is known up to {loaded.as_of or 'no instant'} UTC, more than {limit / timedelta(hours=1):g} h ago"
        yield DoctorFinding(part, "fail", says, "run `dora nightly`.")
    else:
        yield DoctorFinding(part, "ok", f"it is known up to {loaded.as_of:%Y-%m-%d %H:%M} UTC")


def _build(data: Path, loads: Mapping[str, Loaded]) -> DoctorFinding:
    path = data / database.PUBLISHED
    if not path.exists():
        return DoctorFinding("build", "warn", "nothing was built yet", "run `dora build`.")
    try:
        database.open_build(path).close()
    except DoraError as error:
        return DoctorFinding("build", "fail", error.happened, error.next_step)
    built = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
    later = sorted(name for name, load in loads.items() if load.finished_at and load.finished_at > built)
    if later:
        return DoctorFinding("build", "warn", f"{', '.join(later)} was ingested after it", "run `dora build`.")
    return DoctorFinding("build", "ok", f"built {built:%Y-%m-%d %H:%M} UTC, after all that was ingested")
