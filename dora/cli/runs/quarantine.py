"""The command that lists what could not be read: quarantine."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any

import typer

from dora.cli import options
from dora.cli.help import INGEST
from dora.cli.runs.landing import with_landing
from dora.cli.runs.run_log import record_run
from dora.config.settings import Config, read
from dora.errors import UsageError, counted
from dora.render import console
from dora.storage import database
from dora.storage.source_state import read_quarantine

app = typer.Typer()


@app.command(rich_help_panel=INGEST)
def quarantine(
    dismiss: Annotated[
        list[str] | None, typer.Option(help="Dismiss this input: it will not be corrected. May be repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="List dismissed inputs too.")] = False,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """List the inputs that could not be read, with the reason and how to retry or dismiss each.

    An input leaves the list when it is read without an error. A dismissed one returns if its content changes.

    Example: dora quarantine --dismiss exports/deployments.csv:17
    """
    settings = read(config)
    inputs = _read_inputs(settings)
    if dismiss:
        with record_run(settings, "dismiss"):
            _dismiss(settings, inputs, dismiss)
        inputs = _read_inputs(settings)
    waiting = [row for row in inputs if row["dismissed_at"] is None]
    rows = [row | {"next": _next_step(row)} for row in (inputs if everything else waiting)]
    if not options.print_rows(rows, json=json, csv=csv):
        if rows:
            console.print_table(rows, ["source", "input", "reason", "next"])
        dismissed = len(inputs) - len(waiting)
        print(f"{counted(len(waiting), 'input')} in quarantine, {dismissed:,} dismissed")


def _read_inputs(settings: Config) -> list[dict[str, Any]]:
    return with_landing(settings, lambda: _read(settings))


def _read(settings: Config) -> list[dict[str, Any]]:
    with database.inspect_landing(settings.data) as con:
        return read_quarantine(con)


def _dismiss(settings: Config, inputs: list[dict[str, Any]], ids: list[str]) -> None:
    from ingest.core import pipeline

    if unknown := sorted(set(ids) - {row["input"] for row in inputs}):
        raise UsageError(
            f"Not in quarantine: {', '.join(unknown)}; nothing was dismissed.",
            "give inputs that `dora quarantine` lists.",
        )
    by_source = defaultdict(list)
    for row in inputs:
        if row["input"] in ids:
            by_source[row["source"]].append(row["input"])
    for source, of_source in by_source.items():
        pipeline.dismiss(settings.data, source, of_source)


def _next_step(row: dict[str, Any]) -> str:
    """Return how to retry an input: a line or entry of a file is corrected there, a document is parsed again."""
    if row["dismissed_at"]:
        return "none: it is dismissed"
    path, _, number = row["input"].rpartition(":")
    part = "entry" if path.lower().endswith(".json") else "line"  # an array is numbered by its entries
    retry = (
        f"correct {part} {number} and run `dora ingest {row['source']} {path}`"
        if number.isdigit()
        else f"run `dora ingest {row['source']}`, or after an update of dora with --replay"
    )
    return f"{retry}; or run `dora quarantine --dismiss {row['input']}`"
