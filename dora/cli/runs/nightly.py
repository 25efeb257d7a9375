"""The command of cron: ingest from every source, then build, whatever happens to one source."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from dora.cli import options
from dora.cli.help import INGEST
from dora.cli.metrics import print_check_results, print_hints
from dora.cli.runs import ingest_summary
from dora.cli.runs.archive import compact_payloads
from dora.cli.runs.landings import publish_landing, read_engine
from dora.cli.runs.pipeline import EngineOption, build_logged, checks_line, choose_parts, pull_source
from dora.cli.runs.run_log import RunLog, record_run
from dora.cli.runs.signals import Interruption
from dora.config.run import read_run_settings
from dora.config.settings import Config, read
from dora.errors import DoraError, LockedError, PartialError, UsageError, counted
from dora.render import console

if TYPE_CHECKING:
    from dora.export.night import SourceNumbers
    from ingest.core.pipeline import Summary

app = typer.Typer()
EXIT_CODES = (
    "Exit codes: 0 ok, 1 the build failed, 2 usage, 3 partial: the rest is ingested and built, 5 a check stopped the"
    " build, 75 locked by another run, 129, 130 or 143 ended by a signal. The last build is kept unless a new one is"
    " complete."
)


class SourceRun(NamedTuple):
    """The run of one source: its summary, or the error that ended it."""

    name: str
    seconds: float
    summary: Summary | None = None
    error: DoraError | None = None

    @property
    def missing(self) -> int:
        """How many parts are missing; a source that failed is one."""
        return len(self.summary.partial_failures) if self.summary else 1


@app.command(epilog=EXIT_CODES, rich_help_panel=INGEST)
def nightly(
    engine: EngineOption = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
    prometheus: Annotated[
        Path | None, typer.Option(help="Write the numbers of the night to this file. Default: [run] of dora.toml.")
    ] = None,
) -> None:
    """Ingest from every configured source, then build. A failing source does not stop the others (exit 3).

    Example: 15 2 * * *  cd /srv/dora && dora nightly --quiet
    """
    settings = choose_parts(read(config), None, engine, only_changed=False)
    if not settings.sources and not read_engine(settings).landings:
        raise UsageError("No sources are configured; nothing was fetched.", "add [sources.NAME] to dora.toml.")
    runs: list[SourceRun] = []
    path = prometheus or read_run_settings(settings.run).prometheus
    with _metrics(path, runs), record_run(settings, "nightly") as log:
        for run in _ingest(settings, log):
            runs.append(run)
        with contextlib.suppress(OSError, SystemExit):  # Rich exits if the reader left; to build needs none
            _print_runs(runs, json=json, quiet=quiet)
        unpublished = _publish_landing(settings, log)
        results = build_logged(settings, log)
        compact_payloads(settings, log)
        if not quiet:
            print_check_results(results, json=json)
            print_hints(options.open_build(config))
        if missing := sum(run.missing for run in runs) + bool(unpublished):
            parts = counted(missing, "part")
            raise PartialError(f"{parts} missing; everything else was ingested and built.", "see the messages above.")
        if quiet:
            summaries = [ingest_summary.one_line(run.summary) for run in runs if run.summary]
            console.print_note("; ".join([*summaries, f"{checks_line(results)} in {log.seconds:.1f} s"]))


def _ingest(settings: Config, log: RunLog) -> Iterator[SourceRun]:
    """Yield the run of each source. Raises ``LockedError`` if the first one finds the lock held."""
    from ingest.core.source import Request

    for number, name in enumerate(settings.sources):
        start = monotonic()
        try:
            summary = pull_source(settings, name, Request(), log)
        except Exception as error:  # the other sources are independent, and their data is worth a build
            explained = log.explain(error)
            log.write("source failed", source=name, message=str(explained))
            if isinstance(explained, Interruption) or (isinstance(explained, LockedError) and number == 0):
                raise explained from error
            yield SourceRun(name, monotonic() - start, error=explained)
        else:
            yield SourceRun(name, monotonic() - start, summary)


def _publish_landing(settings: Config, log: RunLog) -> PartialError | None:
    """Publish landing if the settings say where, and return the error if that fails: the build is worth its own."""
    if not settings.sources:
        return None
    try:
        publish_landing(settings, log)
    except PartialError as error:
        log.write("landing not published", message=str(error))
        console.print_note(f"missing: {error}")
        return error
    return None


def _print_runs(runs: list[SourceRun], *, json: bool, quiet: bool) -> None:
    for run in runs:
        if run.summary and quiet:
            ingest_summary.print_failures(run.summary)
        elif run.summary:
            # Standard output of --json is the check results alone.
            (ingest_summary.print_warnings if json else ingest_summary.print_summary)(run.summary)
    for run in runs:
        if run.error:
            console.print_note(f"missing: {run.name}: {run.error}")


@contextlib.contextmanager
def _metrics(path: Path | None, runs: list[SourceRun]) -> Iterator[None]:
    """Write the numbers of the night after the block, however it ends. Raises ``PartialError`` if only that fails."""
    start, code = monotonic(), 0
    try:
        yield
    except (DoraError, Interruption) as error:
        code = error.exit_code
        raise
    finally:
        if path and (problem := _write_metrics(path, monotonic() - start, code, runs)):
            if code == 0:
                raise problem
            console.print_note(f"missing: {problem}")


def _write_metrics(path: Path, seconds: float, code: int, runs: list[SourceRun]) -> PartialError | None:
    from dora.export import night

    try:
        night.write(path, datetime.now(UTC), seconds, code, [_numbers(run) for run in runs])
    except DoraError as error:
        return PartialError(error.happened, error.next_step)
    return None


def _numbers(run: SourceRun) -> SourceNumbers:
    from dora.export.night import SourceNumbers

    if (summary := run.summary) is None:
        return SourceNumbers(run.name, succeeded=False, seconds=run.seconds)
    return SourceNumbers(
        run.name,
        succeeded=not run.missing,
        seconds=run.seconds,
        rows_changed=ingest_summary.changed_rows(summary),
        quarantined=summary.quarantined - summary.dismissed,
        missing=run.missing,
        as_of=summary.as_of,
    )
