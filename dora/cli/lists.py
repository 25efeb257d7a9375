"""The commands that give out what a build holds, row by row: changes, export. They import nothing that fetches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dora import api
from dora.cli.metrics import Applications, AsCsv, AsJson, ConfigFile, Since, Until
from dora.config.settings import read
from dora.errors import UsageError
from dora.query.value import Scope
from dora.render import console, text
from dora.render.console import Format

STAGES = ("waiting", "queue", "before_production", "approval", "window", "canary", "rollout", "other")

app = typer.Typer()
Form = Annotated[Format, typer.Option("--format", help="parquet or csv.")]
Collected = Annotated[Path | None, typer.Option(help="Write the numbers as this text file, for a collector.")]
Waiting = Annotated[bool, typer.Option("--open", help="Only those merged and not shipped, the oldest first.")]
Limit = Annotated[int, typer.Option(help="Rows of the table at the most; JSON and CSV print all.")]


@app.command()
def changes(
    waiting: Annotated[
        bool, typer.Option("--open", help="Only those merged and not shipped, the oldest first.")
    ] = False,
    since: Since = None,
    until: Until = None,
    application: Applications = None,
    limit: Limit = 40,
    config: ConfigFile = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """List changes with merge time, the deployment that shipped them, lead time, and the stages that add up to it.

    Example: dora changes --open --application ledger
    """
    delivery = api.open(read(config).data / "dora.duckdb")
    rows = delivery.list_rows("change_timeline", Scope(since, until, applications=tuple(application or ())))
    if waiting:
        rows = [row for row in reversed(rows) if row["state"] == "open"]
    if json:
        console.print_json(rows)
    elif csv:
        console.print_csv(rows)
    else:
        lines = [_change(row) for row in rows[:limit]]
        seldom = [name for name in ("labels", "size") if not any(line[name] for line in lines)]
        console.print_table([{name: cell for name, cell in line.items() if name not in seldom} for line in lines])
        console.print_note(f"{min(limit, len(rows))} of {len(rows)} changes")


def _change(row: dict[str, Any]) -> dict[str, Any]:
    """A change as one line: times in words, only the stages that took any."""
    stages = {stage.replace("_", " "): row[f"{stage}_hours"] for stage in STAGES}
    return {
        "merged at": row["merged_at"],
        "application": row["application"],
        "change": f"{row['sha'][:9]} {row['subject'] or ''}"[:60],
        "author": row["author"],
        "labels": row["labels"],
        "size": _size(row),
        "state": row["state"],
        "lead time": text.quantity(row["lead_hours"], "hours"),
        "open for": text.quantity(row["open_hours"], "hours"),
        "stages": ", ".join(f"{name} {text.quantity(hours, 'hours')}" for name, hours in stages.items() if hours),
        "serving since": row["full_traffic_at"],
    }


def _size(row: dict[str, Any]) -> str | None:
    """Files and lines that a change touched, where somebody counted."""
    if row["files"] is None:
        return None
    return f"{row['files']} files +{row['lines_added'] or 0} -{row['lines_removed'] or 0}"


@app.command()
def export(
    folder: Annotated[Path | None, typer.Argument(help="Folder of the files; they are replaced one by one.")] = None,
    form: Form = "parquet",
    prometheus: Annotated[
        Path | None, typer.Option(help="Write the numbers as this text file, for a collector.")
    ] = None,
    since: Since = None,
    until: Until = None,
    application: Applications = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Write observations, weekly series and lists as files with a data dictionary, or the numbers for Prometheus.

    Example: dora export exports --format csv --since 180d
    """
    from dora.export import files as exporting
    from dora.export import prometheus as collector

    if folder is None and prometheus is None:
        raise UsageError("Nothing to write was named.", "name a folder, or a file with --prometheus.")
    delivery = api.open(read(config).data / "dora.duckdb")
    scope = Scope(since, until, applications=tuple(application or ()))
    written = exporting.write(delivery, folder, form, scope) if folder else {}
    if prometheus:
        written[str(prometheus)] = collector.write(delivery, prometheus, scope)
    rows = [{"file": name, "rows": count} for name, count in written.items()]
    if json:
        console.print_json(rows)
    else:
        console.print_table(rows)
