"""Commands that list the rows of a build: changes, export. None of them fetches anything."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from dora.cli import options
from dora.cli.help import LISTS, SHARE
from dora.config.engine import read_engine_settings
from dora.config.settings import read
from dora.errors import UsageError, counted
from dora.query import lists
from dora.render import console, text
from dora.render.console import Format
from dora.sql import catalog

STAGES = (
    "coding", "pickup", "review", "merge",
    "waiting", "queue", "pre_production", "approval", "execution_window", "canary", "rollout", "other",
)  # fmt: skip

app = typer.Typer()


@app.command(rich_help_panel=LISTS, short_help="List changes with lead time, its stages and their deployment")
def changes(
    only_open: Annotated[bool, typer.Option("--open", help="Only changes awaiting deployment, oldest first.")] = False,
    since: options.Since = None,
    until: options.Until = None,
    application: options.Applications = None,
    limit: options.Limit = 40,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """List changes with merge time, the deployment that shipped them, lead time, its stages and those before the merge.

    Example: dora changes --open --application ledger
    """
    delivery, scope = options.open_build(config), options.scope_from(since, until, application)
    con = delivery.connection()
    if not only_open:  # all of those are here, however old
        options.print_older_detail(delivery, scope)
    sql = catalog.queries("analyses")["open_changes"] if only_open else lists.rows_in_scope_sql("change_timeline")
    if options.print_rows(lists.stream_in_scope(con, sql, scope), json=json, csv=csv):
        return
    count = lists.count_in_scope(con, sql, scope)
    rows = lists.run_in_scope(con, f"{sql}\nLIMIT $limit", scope, limit=limit)
    lines = [_change_line(row) for row in rows]
    # Labels and sizes come from optional settings of git sources; without them the columns are left out.
    empty = [name for name in ("labels", "size") if not any(line[name] for line in lines)]
    console.print_table([{name: cell for name, cell in line.items() if name not in empty} for line in lines])
    console.print_note(f"{len(rows)} of {count} changes")


def _change_line(row: dict[str, Any]) -> dict[str, Any]:
    stages = {stage.replace("_", " "): row[f"{stage}_hours"] for stage in STAGES}
    size = f"{row['files']} files +{row['lines_added'] or 0} −{row['lines_removed'] or 0}"
    return {
        "merged at": row["merged_at"],
        "application": row["application"],
        "change": f"{row['sha'][:9]} {row['subject'] or ''}"[:60],
        "author": row["author"],
        "labels": row["labels"],
        "size": size if row["files"] is not None else None,
        "state": row["state"],
        "lead time": text.quantity(row["lead_hours"], "hours"),
        "open for": text.quantity(row["open_hours"], "hours"),
        "stages": ", ".join(f"{name} {text.quantity(hours, 'hours')}" for name, hours in stages.items() if hours),
        "full traffic at": row["full_traffic_at"],
    }


@app.command(rich_help_panel=LISTS, short_help="List the tables of the build, or the columns of one")
def tables(
    name: Annotated[str | None, typer.Argument(metavar="TABLE", help="Name of a table: its columns.")] = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """List the tables of the build with what one row is, or the columns of one with unit and meaning.

    Example: dora tables deployments
    """
    delivery = options.open_build(config)
    rows = delivery.tables() if name is None else delivery.table(name).describe()
    if options.print_rows(rows, json=json, csv=csv):
        return
    if name is None:
        console.print_table(rows, ["table", "rows", "grain"])
        console.print_note("`dora tables TABLE` lists its columns; docs/tables.md has them all")
        return
    table = delivery.table(name)
    print(f"{table.grain} Unique key: {', '.join(table.unique_key)}.")
    console.print_table(rows)
    print(f"Example: {table.example}")


@app.command(rich_help_panel=SHARE, short_help="Export CSV, Prometheus metrics, CDEvents, spans")
def export(
    folder: Annotated[Path | None, typer.Argument(help="Folder of the CSV files. Each is replaced atomically.")] = None,
    form: Annotated[Format, typer.Option("--format", hidden=True)] = "csv",
    prometheus: Annotated[Path | None, typer.Option(help="Write the metrics to this file, for Prometheus.")] = None,
    cdevents: Annotated[
        Path | None, typer.Option(help="Write deployments, rollbacks and incidents to this file, as CDEvents.")
    ] = None,
    opentelemetry: Annotated[
        Path | None, typer.Option(help="Write pipeline runs and their stages to this file, as OpenTelemetry spans.")
    ] = None,
    since: options.Since = None,
    until: options.Until = None,
    application: options.Applications = None,
    config: options.ConfigFile = None,
    json: options.AsJson = False,
) -> None:
    """Export observations, weeks and lists as CSV with a data dictionary, or files for other tools.

    Example: dora export exports --since 180d
    """
    if form == "parquet":
        raise UsageError("`dora export` writes CSV; nothing was written.", "use `dora publish parquet FOLDER`.")
    if not any((folder, prometheus, cdevents, opentelemetry)):
        next_step = "name a folder, or a file with --prometheus, --cdevents or --opentelemetry."
        raise UsageError("No output was named; nothing was written.", next_step)
    delivery, scope = options.open_build(config), options.scope_from(since, until, application)
    row_counts: dict[str, int] = {}
    if folder:
        from dora.export import files

        row_counts |= files.write(delivery, folder, scope)
    if prometheus:
        from dora.export import prometheus as prometheus_file

        row_counts[str(prometheus)] = prometheus_file.write(delivery, prometheus, scope)
    if cdevents:
        from dora.export import cdevents as cdevents_file

        row_counts[str(cdevents)] = cdevents_file.write(delivery, cdevents, scope)
    if opentelemetry:
        from dora.cli.runs.landing import with_landing
        from dora.export import opentelemetry as spans

        row_counts[str(opentelemetry)] = with_landing(read(config), lambda: spans.write(delivery, opentelemetry, scope))
    rows = [{"file": name, "rows": count} for name, count in row_counts.items()]
    if not options.print_rows(rows, json=json):
        console.print_table(rows)


@app.command(rich_help_panel=LISTS, short_help="Print the rows of a table, also those that only the store has")
def rows(
    name: Annotated[str, typer.Argument(metavar="TABLE", help="Name of a table, see `dora tables`.")],
    since: options.Since = None,
    until: options.Until = None,
    application: options.Applications = None,
    limit: options.Limit = 40,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """Print the rows of a table of the build, the latest first.

    Rows that dora.duckdb leaves to the store of parts (`detail_days` under [engine] of dora.toml) are among them.

    Example: dora rows rollouts --until 2025-10-26 --application ledger --json
    """
    from dora.parts.older_rows import stream_table

    settings, delivery = read(config), options.open_build(config)
    store = read_engine_settings(settings.engine, settings.path.parent if settings.path else Path()).store
    listed = stream_table(delivery.connection(), name, options.scope_from(since, until, application), store)
    if options.print_rows(listed, json=json, csv=csv):
        return
    some = list(islice(listed, limit))
    console.print_table(some)
    console.print_note(f"the latest {counted(len(some), 'row')}; --json and --csv have every row")
