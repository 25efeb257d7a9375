"""What a run of a source did, as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    asked = f", {requests:,} requests" if requests is not None else ""
    return f"{source}: {documents:,} documents, {quarantined:,} quarantined{asked}"


def coverage(found: Mapping[str, Any] | None) -> str | None:
    """From when to when all executions were seen; None where the source does not say."""
    if not found:
        return None
    span = f"{found['since']:%Y-%m-%d} to {found['until']:%Y-%m-%d %H:%M} UTC"
    return f"coverage: {found['applications']:,} applications, {span}, {found['gaps']:,} gaps"
