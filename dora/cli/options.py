"""What commands share: their options, the scope that these describe, and the build that they read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dora import api, periods
from dora.cli import shell
from dora.config.settings import read
from dora.query.value import GROUPS, Scope
from dora.render import console

Names = list[str] | None
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings file. Default: $DORA_CONFIG, then ./dora.toml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Wide = Annotated[
    bool,
    typer.Option("--wide", callback=console.print_wide, expose_value=False, help="Print all columns of wide tables."),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", help="Print nothing but one line on standard error; the log has the rest.")
]
Limit = Annotated[int, typer.Option(help="Maximum rows of the table. JSON, CSV and files contain every row.")]

MetricName = Annotated[
    str | None,
    typer.Argument(
        metavar="METRIC",
        help="Name of a metric, see `dora metrics`. Default: every metric.",
        autocompletion=shell.complete_metric,
    ),
]
START = "Start, inclusive: 2026-07-01, an age: 90d, or 'this quarter', 'last quarter', 'this year', all."
Since = Annotated[str | None, typer.Option(help=f"{START} Default: all history.")]
Window = Annotated[str, typer.Option(help=START)]
Until = Annotated[str | None, typer.Option(help="End, exclusive. Default: the end of the data.")]
By = Annotated[
    str | None,
    typer.Option(
        autocompletion=lambda: [*GROUPS, "assistance"],
        help="Group by application, team, group (top level of nested teams), or assistance (AI-assisted, human, bot).",
    ),
]
Every = Annotated[
    str | None,
    typer.Option(help="One value per day, week or month.", autocompletion=lambda: ["day", "week", "month"]),
]
Statistic = Annotated[str | None, typer.Option(help="For durations: median, plain_median, p75, p90 or mean.")]
Applications = Annotated[
    Names,
    typer.Option(
        "--application", help="Only this application. May be repeated.", autocompletion=shell.complete_application
    ),
]
Teams = Annotated[
    Names,
    typer.Option(
        "--team", help="Only this team and its subteams. May be repeated.", autocompletion=shell.complete_team
    ),
]


def scope_from(
    since: str | None, until: str | None, applications: Names = None, teams: Names = None, **words: Any
) -> Scope:
    """Return the scope that the options of a command describe; ``words`` are by, every and statistic.

    The query validates the words.
    """
    since = None if since == periods.ALL else since
    return Scope(since, until, applications=tuple(applications or ()), teams=tuple(teams or ()), **words)


def open_build(config: Path | None) -> api.Delivery:
    """Open the build of a settings file. Raises ``UsageError`` if there is no build yet."""
    return api.open(read(config).data / "dora.duckdb")


def print_rows(rows: Iterable[dict[str, Any]], *, json: bool = False, csv: bool = False) -> bool:
    """Print rows for programs if ``--json`` or ``--csv`` asks for it, and return whether it did."""
    if json:
        console.print_json(rows)
    elif csv:
        console.print_csv(rows)
    return json or csv


def print_older_detail(delivery: api.Delivery, scope: Scope) -> None:
    """Print on standard error where the detail is that a scope reaches and the build leaves out."""
    if text := delivery.older_detail(scope):
        console.print_note(text)


def print_data_through(as_of: datetime | None) -> None:
    """Print the end of the data on standard error."""
    if as_of:
        console.print_note(f"data through {as_of:%Y-%m-%d %H:%M} UTC")
