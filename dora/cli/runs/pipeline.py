"""Commands that write data, and the one that looks after it: ingest, build, doctor."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
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
Engine = Literal["here", "spark"]
EngineOption = Annotated[
    Engine | None, typer.Option(help="What builds the parts: processes here, or a server of Spark Connect.")
]
PARTS = {"kind", "parts"}  # keys of [engine] with which a build is made in parts
MAX_GROUPS = 5  # of a plan that are printed; --json has all


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
def build(
    parts: Annotated[
        int | None, typer.Option(min=1, help="Build in so many parts. Default: [engine] of dora.toml.")
    ] = None,
    engine: EngineOption = None,
    only_changed: Annotated[
        bool, typer.Option("--only-changed", help="Build the parts whose rows are not those of the last build.")
    ] = False,
    config: options.ConfigFile = None,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Build dora.duckdb from landing.duckdb. A failed check of severity "stop" keeps the previous build.

    In parts it takes less memory, and the numbers are the same: see docs/scale.md and `dora plan`.

    Example: dora build
    """
    settings = choose_parts(read(config), parts, engine, only_changed=only_changed)
    with record_run(settings, "build") as log:
        results = build_logged(settings, log, only_changed=only_changed)
        if quiet:
            console.print_note(f"build: {checks_line(results)} in {log.seconds:.1f} s")
        else:
            print_check_results(results, json=json)
            print_hints(options.open_build(config))


def choose_parts(settings: Config, parts: int | None, engine: Engine | None, *, only_changed: bool) -> Config:
    """Return the settings with what the options of a build say of its parts."""
    chosen = {name: value for name, value in (("parts", parts), ("kind", engine)) if value}
    if only_changed and not PARTS & (settings.engine | chosen).keys():
        chosen = {"kind": "here"}
    return msgspec.structs.replace(settings, engine=settings.engine | chosen)


def build_logged(settings: Config, log: RunLog, *, only_changed: bool = False) -> list[CheckResult]:
    """Build, with the start, the end and the failed checks in the log; in parts if the settings have an engine."""
    from dora.build import run
    from dora.parts.run import build_in_parts

    log.write("build started")
    with console.Progress() as progress:
        landing = join_landings(settings, progress)
        if PARTS & settings.engine.keys():
            built = with_landing(
                settings, lambda: build_in_parts(settings, progress, landing=landing, only_changed=only_changed)
            )
            results = built.results
            log.write("parts built", parts=built.parts, built=built.built)
        elif landing:
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
def plan(
    parts: Annotated[int | None, typer.Option(min=1, help="Number of parts. Default: [engine] of dora.toml.")] = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
) -> None:
    """Show how a build would be divided: groups of applications that belong together, and the rows of each part.

    Applications share a group if an execution, an incident or a route of one concerns another.

    Example: dora plan --parts 4
    """
    from dora.parts.summary import as_document, summarize_plan

    settings = choose_parts(read(config), parts, None, only_changed=False)
    summary = with_landing(settings, lambda: summarize_plan(settings))
    if json:
        console.print_json(as_document(summary))
        return
    largest = summary.groups[:MAX_GROUPS]
    console.print_table(
        [
            {
                "group": ", ".join(group.applications[:3]) + (" …" if len(group.applications) > 3 else ""),
                "applications": len(group.applications),
                "executions": group.executions,
            }
            for group in largest
        ],
        title=f"{counted(len(summary.groups), 'group')}, the largest first",
    )
    console.print_table([part._asdict() for part in summary.parts], title="Parts")
    console.print_note(
        f"{summary.copied_repositories} of {counted(summary.repositories, 'repository', 'repositories')}"
        " are copied to several parts."
    )
    for warning in summary.warnings:
        console.print_note(warning)


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
