"""Commands that write data, and the one that looks after it: ingest, build, nightly, doctor."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dora import periods
from dora.cli import ingest_summary, options
from dora.cli.landing import with_landing
from dora.cli.metrics import print_check_results
from dora.config.settings import Config, read
from dora.errors import DoraError, PartialError, UsageError, counted
from dora.render import console

if TYPE_CHECKING:
    from ingest.core.pipeline import Summary
    from ingest.core.source import Request

app = typer.Typer()


@app.command()
def ingest(
    name: Annotated[str, typer.Argument(help="spinnaker, git, files, or another source of dora.toml.")],
    paths: Annotated[list[Path] | None, typer.Argument(help="files: CSV, JSON Lines or Parquet files.")] = None,
    load: Annotated[list[Path] | None, typer.Option(help="spinnaker: saved payloads instead of HTTP requests.")] = None,
    since: Annotated[str | None, typer.Option(help="spinnaker: start of history, for example 2026-01-01.")] = None,
    application: options.Applications = None,
    kind: Annotated[str | None, typer.Option(help="files: what they hold: deployments, cdevents …")] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Parse archived payloads again; fetch nothing.")] = False,
    config: options.ConfigFile = None,
    json: options.AsJson = False,
) -> None:
    """Fetch data from one source into landing.duckdb.

    files: columns of deployments are id, application, environment, status
    (succeeded|failed|canceled|in_progress), started_at, finished_at and optionally target,
    first_traffic_at, full_traffic_at, repository, commit, version, kind, group, system, url, triggered_by; of
    changes repository, sha, parents (space-separated), authored_at, committed_at and optionally merged_at, author,
    subject, message, change_request, applications; of incidents id, application, opened_at, resolved_at and optionally
    system, environment, deployment, commit, severity, title, url; of verdicts verdict (failed|stable), by, at and
    optionally application, deployment or commit, reason.

    Example: dora ingest files deployments.csv incidents.jsonl
    """
    from ingest.core.source import Request

    request = Request(
        paths=tuple(paths or ()),
        load=tuple(load or ()),
        since=parse_utc(since) if since else None,
        applications=tuple(application or ()),
        kind=kind,
    )
    summary = _pull(read(config), name, request, replay=replay)
    ingest_summary.print_summary(summary, json=json)
    if summary.partial_failures:
        parts = counted(len(summary.partial_failures), "part")
        raise PartialError(f"{parts} of {name} missing; everything else was ingested.", "see the messages above.")


def parse_utc(text: str) -> datetime:
    """Parse a date or an age of the command line as a moment in UTC; an age counts from now."""
    return periods.parse_moment(text, "UTC", datetime.now(UTC).replace(tzinfo=None)).replace(tzinfo=UTC)


def _pull(settings: Config, name: str, request: Request, *, replay: bool = False) -> Summary:
    from ingest import configure_source, source_type
    from ingest.core.pipeline import pull

    source_settings = settings.sources.get(name, {})
    # Checked before the source is configured, so that a wrong option costs no request.
    for option in ("paths", "load", "since", "applications", "kind"):
        if getattr(request, option) and option not in source_type(name, source_settings).takes:
            raise UsageError(f"{name} takes no {option}; nothing was fetched.", f"leave {option} out.")
    source = configure_source(name, source_settings, settings.data)
    with console.Progress() as progress:
        return with_landing(settings, lambda: pull(source, settings.data, request, replaying=replay, report=progress))


@app.command()
def build(config: options.ConfigFile = None, json: options.AsJson = False) -> None:
    """Build dora.duckdb from landing.duckdb. A failed check of severity "stop" keeps the previous build.

    Example: dora build
    """
    _build(read(config), json=json)


def _build(settings: Config, *, json: bool) -> None:
    from dora.build import run

    with console.Progress() as progress:
        results = with_landing(settings, lambda: run.build(settings, progress))
    print_check_results(results, json=json)


@app.command()
def nightly(config: options.ConfigFile = None, json: options.AsJson = False) -> None:
    """Ingest from every configured source, then build. A failing source does not stop the others (exit 3).

    Example: 15 2 * * *  cd /srv/dora && dora nightly
    """
    from ingest.core.source import Request

    settings = read(config)
    if not settings.sources:
        raise UsageError("No sources are configured; nothing was fetched.", "add [sources.NAME] to dora.toml.")
    summaries, failures = [], []
    for name in settings.sources:
        try:
            summaries.append(_pull(settings, name, Request()))
        except DoraError as error:  # the other sources are independent, and their data is worth a build
            failures.append(f"{name}: {error}")
    for summary in summaries:
        # Standard output of --json is the check results alone.
        (ingest_summary.print_warnings if json else ingest_summary.print_summary)(summary)
    for failure in failures:
        console.print_note(f"missing: {failure}")
    _build(settings, json=json)
    missing = len(failures) + sum(len(summary.partial_failures) for summary in summaries)
    if missing:
        parts = counted(missing, "part")
        raise PartialError(f"{parts} missing; everything else was ingested and built.", "see the messages above.")


@app.command()
def doctor(config: options.ConfigFile = None, json: options.AsJson = False) -> None:
    """Check what a nightly run depends on: sources, landing, lock, disk and freshness, with a next step for each.

    Exit 0 if nothing fails, 4 if a server refuses our credentials or a permission, else 5.

    Example: dora doctor
    """
    from ingest.doctor import run

    settings = read(config)
    findings = list(run.run_checks(settings.data, settings.sources, settings.stale_after_hours))
    rows = [{"check": f.check, "state": f.state, "message": f.message, "next": f.next or None} for f in findings]
    if not options.print_rows(rows, json=json):
        console.print_table(rows)
    run.raise_on_failure(findings)
