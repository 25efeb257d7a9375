"""The command ``dora``. The only file that knows everybody; heavy imports stay inside the commands."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dora.cli import audit, compare, dashboard_process, ingest_summary, lists, metrics
from dora.cli.metrics import Applications, AsJson, ConfigFile, Since, Teams, Until, print_findings, show
from dora.config.dashboard import DashboardSettings, read_dashboard
from dora.config.settings import Config, read
from dora.errors import DoraError, PartialError, UsageError, counted
from dora.render import console

if TYPE_CHECKING:
    from dora.sql.catalog import Finding
    from ingest.core.pipeline import Summary
    from ingest.core.source import Request

app = typer.Typer(
    name="dora",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Delivery metrics that engineers believe: DORA metrics from Spinnaker and git, with intervals and evidence.",
    epilog="Exit codes: 0 ok, 1 failed, 2 usage, 3 partial, 4 auth, 5 stale or failed check, 75 locked by another run.",
)
for part in (metrics, compare, lists, audit):
    app.registered_commands += part.app.registered_commands
app.registered_groups += metrics.app.registered_groups


@app.command()
def ingest(
    name: Annotated[str, typer.Argument(help="spinnaker, git, files, or another name under [sources].")],
    paths: Annotated[list[Path] | None, typer.Argument(help="files: CSV, JSON Lines or Parquet files.")] = None,
    load: Annotated[list[Path] | None, typer.Option(help="spinnaker: saved payloads instead of HTTP.")] = None,
    since: Annotated[str | None, typer.Option(help="spinnaker: how far back, such as 2026-01-01.")] = None,
    application: Applications = None,
    kind: Annotated[str | None, typer.Option(help="files: deployments, changes, incidents or cdevents.")] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Read the archived payloads again; fetch nothing.")] = False,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Fetch facts from one source into landing.duckdb.

    files: columns of deployments are id, application, environment, status
    (succeeded|failed|canceled|in_progress), started_at, finished_at and optionally first_traffic_at,
    full_traffic_at, repository, commit, version, kind, group, url, triggered_by; of changes repository, sha,
    parents (space-separated), authored_at, committed_at and optionally merged_at, author, subject,
    change_request, applications; of incidents id, application, opened_at, resolved_at and optionally
    deployment, commit, severity, title, url.

    Example: dora ingest files deployments.csv incidents.jsonl
    """
    from ingest.core.source import Request

    request = Request(
        paths=tuple(paths or ()),
        load=tuple(load or ()),
        since=_moment(since),
        applications=tuple(application or ()),
        kind=kind,
    )
    summary = _pull(read(config), name, request, replaying=replay)
    ingest_summary.tell(summary, as_json=json)
    if summary.partial_failures:
        parts = counted(len(summary.partial_failures), "part")
        raise PartialError(f"{parts} of {name} missing; the rest is landed.", "see above.")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    from dora import periods

    return periods.parse_moment(text, "UTC", datetime.now(UTC).replace(tzinfo=None)).replace(tzinfo=UTC)


def _pull(settings: Config, name: str, request: Request, *, replaying: bool = False) -> Summary:
    from ingest import configure_source, source_type
    from ingest.core.pipeline import pull

    given = settings.sources.get(name, {})
    for option in ("paths", "load", "since", "applications", "kind"):
        if getattr(request, option) and option not in source_type(name, given).takes:
            raise UsageError(f"{name} takes no {option}; nothing was fetched.", f"leave {option} out.")
    source = configure_source(name, given, settings.data)
    progress = console.Progress()
    try:
        return pull(source, settings.data, request, replaying=replaying, report=progress)
    finally:
        progress.end()


@app.command()
def build(config: ConfigFile = None, json: AsJson = False) -> None:
    """Build dora.duckdb from what was ingested; swap it in where no check says stop.

    Example: dora build
    """
    print_findings(_build(read(config)), json)


def _build(settings: Config) -> list[Finding]:
    from dora.build import run as builder

    progress = console.Progress()
    try:
        return builder.build(settings, progress)
    finally:
        progress.end()


@app.command()
def nightly(config: ConfigFile = None, json: AsJson = False) -> None:
    """Ingest from every configured source, then build. One failing source does not stop the others (exit 3).

    Example: 15 2 * * *  cd /srv/dora && dora nightly
    """
    from ingest.core.source import Request

    settings = read(config)
    if not settings.sources:
        raise UsageError("No sources are configured; nothing was fetched.", "name some under [sources.NAME].")
    summaries, failed = [], []
    for name in settings.sources:
        try:
            summaries.append(_pull(settings, name, Request()))
        except DoraError as error:
            failed.append(f"{name}: {error}")
    for summary in summaries:
        (ingest_summary.remark if json else ingest_summary.show)(summary)
    for line in failed:
        console.print_note(f"missing: {line}")
    print_findings(_build(settings), json)
    missing = len(failed) + sum(len(summary.partial_failures) for summary in summaries)
    if missing:
        raise PartialError(f"{counted(missing, 'part')} missing; the rest is landed and built.", "see above.")


@app.command()
def doctor(config: ConfigFile = None, json: AsJson = False) -> None:
    """Look at what could go wrong tonight: sources, landing, lock, disk, freshness; say what to do.

    Exit 0 where nothing fails, 4 where a server does not know us or refuses something, else 5.

    Example: dora doctor
    """
    from ingest.doctor import run as examination

    settings = read(config)
    findings = list(examination.run_checks(settings.data, settings.sources, settings.stale_after_hours))
    rows = [{"check": f.check, "state": f.state, "message": f.message, "next": f.next or None} for f in findings]
    if json:
        console.print_json(rows)
    else:
        console.print_table(rows)
    examination.raise_on_failure(findings)


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(help="Port.")] = 8501,
    address: Annotated[str, typer.Option(help="Address to listen on; only this machine by default.")] = "127.0.0.1",
    base_path: Annotated[str | None, typer.Option(help="Path under which a proxy serves it, such as /dora.")] = None,
    config: ConfigFile = None,
) -> None:
    """Serve the dashboard. Who may see it, and where a proxy shows it, is [dashboard] of dora.toml.

    Example: dora dashboard --port 8501
    """
    settings = read(config)
    where = read_dashboard(settings.dashboard | ({} if base_path is None else {"base_path": base_path}))
    dashboard_process.serve(settings.data / "dora.duckdb", port, address, where)


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="The page, such as delivery.html.")],
    since: Since = "90d",
    until: Until = None,
    team: Teams = None,
    application: Applications = None,
    email: Annotated[bool, typer.Option("--email", help="For mail programs: pictures as PNG, one theme.")] = False,
    charts: Annotated[Path | None, typer.Option(help="Write each chart to this folder, too, as SVG and PNG.")] = None,
    config: ConfigFile = None,
) -> None:
    """Write one self-contained page for mail or archive: the keys with evidence, what changed, trends, rollbacks.

    Example: dora report --out delivery.html --team payments --since 90d
    """
    from dashboards.report import chart_images
    from dashboards.report.page import Report
    from dora import api
    from dora.query.value import Scope

    scope = Scope(since, until, applications=tuple(application or ()), teams=tuple(team or ()))
    told = Report(api.open(read(config).data / "dora.duckdb"), scope)
    told.page("png" if email else "svg+xml").write(out, mail=email)
    console.print_note(f"{out}: {out.stat().st_size:,} bytes")
    if not chart_images.installed():
        console.print_note("without charts: pip install 'delivery-metrics[report]' draws them")
    elif charts:
        for path in chart_images.write(told.pictures(), charts):
            console.print_note(str(path))


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the simulated organisation and its data go.")] = Path("data/demo"),
    serve: Annotated[bool, typer.Option(help="Serve the dashboard at the end.")] = True,
    port: Annotated[int, typer.Option(help="Port of the dashboard.")] = 8501,
    seed: Annotated[int, typer.Option(help="Another seed is another organisation.")] = 7,
    scale: Annotated[float, typer.Option(help="Share of the organisation's size.")] = 1.0,
    end: Annotated[str | None, typer.Option(help="The organisation's today; default the last midnight UTC.")] = None,
) -> None:
    """Simulate an organisation, ingest it over HTTP and git, build, print the keys and serve the dashboard.

    Example: dora demo --no-serve --scale 0.1
    """
    from ingest.simulation import demo as simulated

    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with simulated.organisation(
        folder, seed=seed, scale=scale, end=_moment(end) or today, report=console.print_note
    ) as path:
        nightly(config=path)
        show(config=path)
        show("deployment_frequency", by="team", config=path)
    console.print_note(f"ask more: dora show lead_time --by team --every month --config {path}")
    if serve:
        dashboard_process.serve(read(path).data / "dora.duckdb", port, "127.0.0.1", DashboardSettings())


def main() -> None:
    """Run a command; an error of ours is one line on standard error and its exit code."""
    try:
        app()
    except DoraError as error:
        console.print_note(f"dora: {error}")
        sys.exit(error.exit_code)
