"""Commands that write data, and the one that looks after it: ingest, build, doctor."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dora import periods
from dora.cli import options
from dora.cli.help import INGEST, OPERATE
from dora.cli.metrics import print_check_results, print_hints
from dora.cli.runs import ingest_summary
from dora.cli.runs.landing import with_landing
from dora.cli.runs.landings import check_engine, join_landings, publish_landing
from dora.cli.runs.run_log import RunLog, record_run
from dora.config.settings import Config, read
from dora.errors import PartialError, UsageError, counted
from dora.render import console
from dora.sql.catalog import CheckResult
from dora.storage import database

if TYPE_CHECKING:
    from ingest.core.pipeline import Summary
    from ingest.core.source import Request

app = typer.Typer()


@app.command(rich_help_panel=INGEST)
def ingest(
    name: Annotated[
        str, typer.Argument(help="spinnaker, git, files, pagerduty, jira, github_issues, or another name of dora.toml.")
    ],
    paths: Annotated[list[Path] | None, typer.Argument(help="files: CSV, JSON Lines or Parquet files.")] = None,
    load: Annotated[list[Path] | None, typer.Option(help="spinnaker: saved payloads instead of HTTP requests.")] = None,
    since: Annotated[
        str | None, typer.Option(help="start of history, for example 2026-01-01 or 90d; not of git and files.")
    ] = None,
    application: options.Applications = None,
    kind: Annotated[str | None, typer.Option(help="files: what they hold: deployments, cdevents …")] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Parse archived payloads again; fetch nothing.")] = False,
    publish: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Publish landing there afterwards. Default: [engine] of dora.toml."),
    ] = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Fetch data from one source into landing.duckdb.

    files: columns of deployments are id, application, environment, status
    (succeeded|failed|canceled|in_progress), started_at, finished_at and optionally target,
    first_traffic_at, full_traffic_at, repository, commit, version, kind, group, system, url, triggered_by; of
    changes repository, sha, parents (space-separated), authored_at, committed_at and optionally merged_at, author,
    subject, message, change_request, applications; of change_requests repository, number, opened_at and optionally
    author, first_commit_at, first_review_at, approved_at, merged_at, merged_by, reviewers, approvers, sha, head_sha,
    labels; of incidents id, application, opened_at, resolved_at and optionally
    system, environment, deployment, commit, severity, title, url; of verdicts verdict (failed|stable), by, at and
    optionally application, deployment or commit, reason; of events id, at, title and optionally until, applications,
    teams, kind (freeze|migration|reorganisation|template|other), url.

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
    settings = read(config)
    check_request(settings, name, request)
    with record_run(settings, f"ingest-{name}") as log:
        summary = pull_source(settings, name, request, log, replay=replay)
        if quiet:
            warn = ingest_summary.print_failures if summary.partial_failures else ingest_summary.print_line
            warn(summary)
        else:
            ingest_summary.print_summary(summary, json=json)
        published = publish_landing(settings, log, publish)
        if published and not quiet:
            console.print_note(published)
        if summary.partial_failures:
            parts = counted(len(summary.partial_failures), "part")
            raise PartialError(f"{parts} of {name} missing; everything else was ingested.", "see the messages above.")


def parse_utc(text: str) -> datetime:
    """Parse a date or an age of the command line as a moment in UTC; an age counts from now."""
    return periods.parse_moment(text, "UTC", datetime.now(UTC).replace(tzinfo=None)).replace(tzinfo=UTC)


def check_request(settings: Config, name: str, request: Request) -> None:
    """Raise ``UsageError`` if there is no such source, or it takes no such option; nothing is written."""
    from ingest import source_type

    for option in ("paths", "load", "since", "applications", "kind"):
        if getattr(request, option) and option not in source_type(name, settings.sources.get(name, {})).takes:
            raise UsageError(f"{name} takes no {option}; nothing was fetched.", f"leave {option} out.")


def pull_source(settings: Config, name: str, request: Request, log: RunLog, *, replay: bool = False) -> Summary:
    """Run one source, with its start, its end and its counts in the log."""
    from ingest import configure_source
    from ingest.core.pipeline import pull

    log.write("source started", source=name)
    source = configure_source(name, settings.sources.get(name, {}), settings.data)
    with console.Progress() as progress:
        summary = with_landing(
            settings, lambda: pull(source, settings.data, request, replaying=replay, report=progress)
        )
    for fault in summary.faults:
        log.write("error", source=name, traceback=[fault])
    log.write("source ended", **ingest_summary.omit_faults(summary))
    return summary


@app.command(rich_help_panel=INGEST)
def build(config: options.ConfigFile = None, json: options.AsJson = False, quiet: options.Quiet = False) -> None:
    """Build dora.duckdb from landing.duckdb. A failed check of severity "stop" keeps the previous build.

    Example: dora build
    """
    settings = read(config)
    with record_run(settings, "build") as log:
        results = build_logged(settings, log)
        if quiet:
            console.print_note(f"build: {checks_line(results)} in {log.seconds:.1f} s")
        else:
            print_check_results(results, json=json)
            print_hints(options.open_build(config))


def build_logged(settings: Config, log: RunLog) -> list[CheckResult]:
    """Build, with the start, the end and the failed checks in the log."""
    from dora.build import run

    log.write("build started")
    with console.Progress() as progress:
        if landing := join_landings(settings, progress):
            results = run.build(settings, progress, landing=landing, into=settings.data / database.PUBLISHED)
        else:
            results = with_landing(settings, lambda: run.build(settings, progress))
    log.write("build ended", failed_checks={result.check: result.rows for result in results if result.rows})
    return results


def checks_line(results: list[CheckResult]) -> str:
    """Return the result of the checks as a part of one line."""
    failed = sum(1 for result in results if result.rows)
    return f"{failed} of {counted(len(results), 'check')} found rows" if failed else f"{len(results)} checks passed"


@app.command(rich_help_panel=OPERATE)
def doctor(config: options.ConfigFile = None, wide: options.Wide = False, json: options.AsJson = False) -> None:
    """Check what a nightly run depends on: sources, landing, lock, disk and freshness, with a next step for each.

    Exit 0 if nothing fails, 4 if a server refuses our credentials or a permission, else 5.

    Example: dora doctor
    """
    from ingest.doctor import run

    settings = read(config)
    findings = [*run.run_checks(settings.data, settings.sources, settings.stale_after_hours), *check_engine(settings)]
    if not settings.sources and settings.engine.get("landings"):  # what is ingested elsewhere needs no source here
        findings = [finding for finding in findings if finding.check not in ("landing", "sources")]
    rows = [{"check": f.check, "state": f.state, "message": f.message, "next": f.next or None} for f in findings]
    if not options.print_rows(rows, json=json):
        console.print_table(rows)
    run.raise_on_failure(findings)
