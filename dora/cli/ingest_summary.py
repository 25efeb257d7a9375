"""What a run of a source did, as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from dora.errors import counted
from dora.render import console

FACTS = (
    "source", "load_id", "documents", "quarantined", "requests", "coverage", "partial_failures", "notes", "as_of",
    "row_counts", "tables",
)  # fmt: skip
COLUMNS = ["what", "new", "changed", "unchanged", "in landing"]
WORDS = {
    "application": "applications",
    "execution": "executions",
    "deployments": "deployments, everywhere",
    "rollbacks": "rollbacks, everywhere",
    "canary": "canaries",
    "approval": "judgments",
}


def rows(tables: Mapping[str, Mapping[str, int]], held: Mapping[str, int]) -> list[dict[str, Any]]:
    """One row for each thing: what became of the rows of this run, and how many landing holds.

    What readers ask for comes first, and also where there is none of it; a deployment is an execution that rolled out,
    so only landing can count it.
    """
    runs = "execution" in held or "coverage" in held
    told = [name for name in WORDS if runs or name in held or name in tables]
    names = [*told, *(name for name in tables if name not in told)]
    return [
        {"what": WORDS.get(name, name), **tables.get(name, {}), "in landing": held.get(name, 0 if runs else None)}
        for name in names
    ]


def title(source: str, documents: int, quarantined: int, requests: int | None) -> str:
    """What came in."""
    asked = f", {counted(requests, 'request')}" if requests is not None else ""
    return f"{source}: {counted(documents, 'document')}, {quarantined:,} quarantined{asked}"


def coverage(found: Mapping[str, Any] | None) -> str | None:
    """From when to when all executions were seen; None where the source does not say."""
    if not found:
        return None
    span = f"{found['since']:%Y-%m-%d} to {found['until']:%Y-%m-%d %H:%M} UTC"
    return f"coverage: {counted(found['applications'], 'application')}, {span}, {counted(found['gaps'], 'gap')}"


class Told(Protocol):
    """What a run sums up: documents, rows by table and what became of them, what landing holds, what went wrong."""

    source: str
    load_id: str
    documents: int
    quarantined: int
    requests: int | None
    coverage: dict[str, Any] | None
    partial_failures: list[str]
    notes: list[str]
    as_of: datetime | None
    row_counts: dict[str, int]
    tables: dict[str, dict[str, int]]


def tell(summary: Told, *, as_json: bool) -> None:
    """Print what a run did; as JSON it is all there, for people ``show`` tells it."""
    if as_json:
        console.print_json({name: getattr(summary, name) for name in FACTS})
    else:
        show(summary)


def show(summary: Told) -> None:
    """Print what a run did as a table; its notes, and what is missing, on standard error."""
    heading = title(summary.source, summary.documents, summary.quarantined, summary.requests)
    console.print_table(rows(summary.tables, summary.row_counts), COLUMNS, heading)
    if seen := coverage(summary.coverage):
        print(seen)
    remark(summary)


def remark(summary: Told) -> None:
    """Say on standard error what whoever ran it should read: notes, what is missing, what could not be read."""
    lines = [*summary.notes, *(f"missing: {trouble}" for trouble in summary.partial_failures)]
    if summary.quarantined:
        lines.append(f"{summary.quarantined:,} could not be read: they are in quarantine, `dora build` says why")
    for line in lines:
        console.print_note(f"{summary.source}: {line}")
