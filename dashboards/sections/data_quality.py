"""Rows of the data page: sources, coverage, check results and definitions."""

from __future__ import annotations

import json
from itertools import groupby
from operator import itemgetter
from typing import Any

import dora
from dashboards.components import metric_card
from dashboards.queries import cache
from dashboards.queries.builds import Row
from dashboards.queries.view import View
from dashboards.rows.frames import percent

# What a definition shapes that is of no single metric; those of production are of all of them.
_AFFECTED = {
    **dict.fromkeys(
        ("images", "mutable_tags", "tag_patterns", "template_ignores"), "content and commits of deployments"
    ),
    **dict.fromkeys(("assistance_markers", "bot_authors"), "groups by assistance"),
    **dict.fromkeys(("relevant_change", "relevant_change_of_shares"), "which changes are relevant"),
    "working_hours": "the audit",
}


def sources(view: View) -> list[Row]:
    """Return the last run of each source with its state."""
    return [row | {"state": _state(row, view)} for row in cache.fetch_rows(view.build, "sources")]


def _state(row: Row, view: View) -> str:
    if row["finished_at"] is None:
        return "did not finish"
    if row["partial_failures"]:
        return "partial"
    newest = view.about.as_of
    late = newest and row["as_of"] and newest - row["as_of"] > view.about.stale_after
    return "behind other sources" if late else "ok"


def coverage(view: View) -> list[tuple[str, str, str]]:
    """Return the coverage of the window as cards: title, number, and the sentence below."""
    row = view.query_observations("coverage", cache.EVERY_ATTEMPT)[0]
    total = row["served"]
    lead_time = view.value("lead_time")
    excluded = sum(lead_time.excluded.values())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in lead_time.excluded.items())
    return [
        ("Deployments with commit", _share(row["attributed"], total),
         f"{total - row['attributed']:,} of {total:,} deployments have no known commit"),
        ("Deployments with traffic time", _share(row["timed"], total),
         f"{total - row['timed']:,} of {total:,} deployments have no recorded time of full traffic"),
        ("Excluded changes", f"{excluded:,}", reasons or f"none of {lead_time.n:,} changes"),
        ("Canary coverage", _share(row["canaried"], total),
         f"{row['canaried']:,} of {total:,} deployments had a canary analysis"),
        ("History gaps", f"{row['gaps']:,}", "periods that the source deleted before they were ingested"),
    ]  # fmt: skip


def _share(part: int, total: int) -> str:
    return percent(part, total, 1) if total else "–"


def check_results(view: View) -> list[Row]:
    """Return every check with its number of rows, and one of them in words."""
    return [row | {"example": _example(row["examples"])} for row in cache.fetch_rows(view.build, "check_results")]


def _example(examples: str) -> str | None:
    first: dict[str, Any] | None = next(iter(json.loads(examples)), None)
    return None if first is None else ", ".join(f"{name} {value}" for name, value in first.items() if value is not None)


def definitions(view: View) -> list[Row]:
    """Return each definition that is set, with its value and the metrics that it shapes."""
    definitions = []
    for key, group in groupby(cache.fetch_rows(view.build, "definitions"), key=itemgetter("key")):
        values = list(group)
        metrics = [metric.title for metric in dora.metrics().values() if key in metric.shaped_by]
        affected = ", ".join(metrics) or _AFFECTED.get(key, "which deployments are production")
        value = metric_card.values_in_force(values)
        definitions.append({"key": key, "value": value, "description": values[0]["description"], "metrics": affected})
    return definitions
