"""The summary of an ingest run, printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from dora.errors import counted
from dora.render import console

if TYPE_CHECKING:
    from ingest.core.pipeline import Summary

COLUMNS = ["rows of", "new", "changed", "unchanged", "in landing"]
LABELS = {  # landing tables that users look for first, in their words
    "application": "applications",
    "execution": "executions",
    "deployments": "deployments (all environments)",
    "rollbacks": "rollbacks (all environments)",
    "canary": "canaries",
    "approval": "approvals",
}


def print_summary(summary: Summary, *, json: bool = False) -> None:
    """Print a table with coverage, and warnings on standard error; or everything as JSON."""
    if json:
        console.print_json(omit_faults(summary))
        return
    console.print_table(table_rows(summary.tables, summary.row_counts), COLUMNS, title(summary))
    if summary.coverage:
        print(coverage_line(summary.coverage))
    print_warnings(summary)


def omit_faults(summary: Summary) -> dict[str, Any]:
    """Return a summary without its tracebacks, which have lines of their own in the log."""
    return {name: value for name, value in msgspec.structs.asdict(summary).items() if name != "faults"}


def print_line(summary: Summary) -> None:
    """Print the summary as one line on standard error."""
    console.print_note(one_line(summary))


def print_failures(summary: Summary) -> None:
    """Print the partial failures alone on standard error."""
    for failure in summary.partial_failures:
        console.print_note(f"{summary.source}: missing: {failure}")


def one_line(summary: Summary) -> str:
    """Return the summary of a run as a part of one line."""
    changed = f"{changed_rows(summary):,} rows new or changed"
    return f"{summary.source}: {counted(summary.documents, 'document')}, {changed}, {summary.quarantined:,} quarantined"


def changed_rows(summary: Summary) -> int:
    """Return how many rows of landing a run made or changed."""
    return sum(counts["new"] + counts["changed"] for counts in summary.tables.values())


def print_warnings(summary: Summary) -> None:
    """Print notes, partial failures and the number of quarantined documents on standard error."""
    count = summary.quarantined - summary.dismissed
    quarantined = f"{count:,} could not be read and are in quarantine; `dora quarantine` lists why, and what to do"
    lines = [*summary.notes, *(f"missing: {failure}" for failure in summary.partial_failures)]
    if summary.redacted:
        lines.append(f"{counted(summary.redacted, 'secret')} in payloads replaced before they were archived")
    for line in [*lines, quarantined] if count else lines:
        console.print_note(f"{summary.source}: {line}")


def table_rows(tables: Mapping[str, Mapping[str, int]], row_counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return one row per table: rows new, changed and unchanged in this run, and rows in landing after it.

    ``LABELS`` come first. A source of executions lists each of them, even with zero rows. Deployments and rollbacks are
    counted in landing only, because one execution may roll out several times.
    """
    has_executions = "execution" in row_counts or "coverage" in row_counts
    first = [name for name in LABELS if has_executions or name in row_counts or name in tables]
    names = [*first, *(name for name in tables if name not in first)]
    missing = 0 if has_executions else None
    return [
        {"rows of": LABELS.get(name, name), **tables.get(name, {}), "in landing": row_counts.get(name, missing)}
        for name in names
    ]


def title(summary: Summary) -> str:
    """Return the first line: documents read and quarantined, and requests if the source has a server."""
    requests = f", {counted(summary.requests, 'request')}" if summary.requests is not None else ""
    return f"{summary.source}: {counted(summary.documents, 'document')}, {summary.quarantined:,} quarantined{requests}"


def coverage_line(coverage: Mapping[str, Any]) -> str:
    """Return the period in which every execution was read, and its history gaps."""
    period = f"{coverage['since']:%Y-%m-%d} to {coverage['until']:%Y-%m-%d %H:%M} UTC"
    gaps = counted(coverage["gaps"], "history gap")
    return f"coverage: {counted(coverage['applications'], 'application')}, {period}, {gaps}"
