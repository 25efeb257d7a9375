"""Commands that show a build to people: dashboard, report, demo."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from dora.cli import options
from dora.cli.help import SHARE, START
from dora.cli.metrics import show
from dora.cli.runs.build_renewal import renew_build
from dora.cli.runs.nightly import nightly
from dora.cli.runs.pipeline import parse_utc
from dora.config.dashboard import (
    COOKIE,
    EMBED_FROM,
    LOGIN,
    SECRET,
    DashboardSettings,
    login_environment,
    read_dashboard,
)
from dora.config.settings import read
from dora.errors import DoraError, install_extra
from dora.render import console

DEMO_FOLDER = Path("data/demo")

app = typer.Typer()
Port = Annotated[int, typer.Option(help="Port of the dashboard.")]


@app.command(rich_help_panel=SHARE)
def dashboard(
    port: Port = 8501,
    address: Annotated[str, typer.Option(help="Address to listen on. 127.0.0.1 is this machine only.")] = "127.0.0.1",
    base_path: Annotated[str | None, typer.Option(help="Path at which a proxy serves it, for example /dora.")] = None,
    config: options.ConfigFile = None,
) -> None:
    """Serve the dashboard. Its public address and login are set in dora.toml.

    A build of an older version is built again first.

    Example: dora dashboard --port 8501
    """
    settings = read(config)
    renew_build(settings)
    overrides = {} if base_path is None else {"base_path": base_path}
    serve(settings.data / "dora.duckdb", port, address, read_dashboard(settings.dashboard | overrides))


def serve(path: Path, port: int, address: str, access: DashboardSettings) -> None:
    """Replace this process by the dashboard of a build. Raises ``DoraError`` if the pages are not installed."""
    package = find_spec("dashboards")
    if package is None or not package.submodule_search_locations:
        raise DoraError("The package dashboards is not installed.", "install delivery-metrics again.")
    script = Path(package.submodule_search_locations[0]) / "server" / "run.py"
    # Read first: the secrets may be in the variables that are removed here. Left in place, a variable of the shell
    # would turn on a login, or frames, that dora.toml does not configure.
    variables = login_environment(access) | {EMBED_FROM: " ".join(access.embed_from)}
    for name in (LOGIN, SECRET, COOKIE):
        os.environ.pop(name, None)
    os.environ |= variables | {"DORA_DATABASE": str(path.resolve())}
    console.print_note(f"dashboard of {path} at {access.url or f'http://localhost:{port}'}")
    options = ["--server.address", address, "--server.port", str(port), "--server.baseUrlPath", access.path]
    options += ["--browser.serverAddress", access.host] if access.host else []
    # Streamlit is started by exec so that a service manager's signals reach it and not a parent of it.
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(script), *options])  # noqa: S606


@app.command(rich_help_panel=SHARE)
def report(
    out: Annotated[Path, typer.Option(help="File of the report, for example delivery.html.")],
    since: options.Window = "90d",
    until: options.Until = None,
    team: options.Teams = None,
    application: options.Applications = None,
    email: Annotated[bool, typer.Option("--email", help="For mail programs: images as PNG, no dark theme.")] = False,
    charts: Annotated[Path | None, typer.Option(help="Also write each chart to this folder, as SVG and PNG.")] = None,
    config: options.ConfigFile = None,
) -> None:
    """Write a self-contained HTML report for mail or archive: key metrics, significant changes, trends, rollbacks.

    Example: dora report --out delivery.html --team payments --since 90d
    """
    from dashboards.report import chart_images
    from dashboards.report.page import Report

    delivery_report = Report(options.open_build(config), options.scope_from(since, until, application, team))
    delivery_report.page("png" if email else "svg+xml").write(out, mail=email)
    console.print_note(f"{out}: {out.stat().st_size:,} bytes")
    if not chart_images.is_installed():
        console.print_note(f"The report has no charts. Next: {install_extra('report')}")
    elif charts:
        for path in chart_images.write(delivery_report.trend_charts(), charts):
            console.print_note(str(path))


@app.command(rich_help_panel=START, short_help="Simulate an organisation, ingest, build and serve it")
def demo(
    folder: Annotated[Path, typer.Option(help="Folder for the simulated organisation and its data.")] = DEMO_FOLDER,
    serve_dashboard: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the dashboard at the end.")] = True,
    port: Port = 8501,
    seed: Annotated[int, typer.Option(help="Seed of the random organisation.")] = 7,
    scale: Annotated[float, typer.Option(help="Size of the organisation, as a share of the full one.")] = 1.0,
    end: Annotated[str | None, typer.Option(help="Last date of the simulation. Default: today, 00:00 UTC.")] = None,
) -> None:
    """Simulate an organisation, ingest it over HTTP and git, build, print the metrics and serve the dashboard.

    Example: dora demo --no-serve --scale 0.1
    """
    from ingest.simulation.demo import organisation

    end_at = parse_utc(end or f"{datetime.now(UTC):%Y-%m-%d}")
    with organisation(folder, seed=seed, scale=scale, end=end_at, report=console.print_note) as config:
        nightly(config=config)
        show(config=config)
        show("deployment_frequency", by="team", config=config)
    console.print_note(f"try next: dora show lead_time --by team --every month --config {config}")
    if serve_dashboard:
        serve(read(config).data / "dora.duckdb", port, "127.0.0.1", DashboardSettings())
