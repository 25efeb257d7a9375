"""What the data page shows: sources, coverage, findings and definitions, as rows."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import dora
from dashboards.components import meaning
from dashboards.queries import cache
from dashboards.queries.cache import Row
from dashboards.queries.view import View


def loads(shown: View) -> list[Row]:
    """The last run of each source, with what is wrong with it in words."""
    return [row | {"state": _state(row, shown)} for row in cache.rows(shown.build, "sources")]


def _state(row: Row, shown: View) -> str:
    if row["finished_at"] is None:
        return "did not come to its end"
    if row["trouble"]:
        return "partial"
    known = shown.known.as_of
    return "behind the others" if known and row["as_of"] and known - row["as_of"] > shown.known.stale_after else "ok"


def built(shown: View) -> datetime | None:
    """When the build was made, in UTC."""
    moment: datetime | None = cache.rows(shown.build, "built")[0]["built_at"]
    return moment


def coverage(shown: View) -> list[tuple[str, str, str]]:
    """The window's coverage: a title, a number, and the sentence under it."""
    known = shown.over("coverage", cache.EVERY_ATTEMPT)[0]
    changes = shown.value("lead_time")
    left_out = sum(changes.excluded.values())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in changes.excluded.items())
    return [
        ("Commit known", _share(known["attributed"], known["served"]),
         f"{known['served'] - known['attributed']:,} of {known['served']:,} deployments that served have no commit"),
        ("Traffic times known", _share(known["timed"], known["served"]),
         f"{known['served'] - known['timed']:,} of {known['served']:,} never told when they had full traffic"),
        ("Changes left out", f"{left_out:,}", reasons or f"none of {changes.n:,}"),
        ("Canary coverage", _share(known["canaried"], known["served"]),
         f"{known['canaried']:,} of {known['served']:,} deployments had an analysis"),
        ("Gaps in history", f"{known['gaps']:,}", "stretches that were deleted at the source before they were read"),
    ]  # fmt: skip


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}".replace("%", " %") if whole else "–"


def by_application(shown: View) -> list[Row]:
    """Coverage of each application of the selection, the least known first."""
    return shown.over("coverage_by_application", cache.EVERY_ATTEMPT)


def findings(shown: View) -> list[Row]:
    """Every check with what it found and one example in words."""
    return [row | {"example": _example(row["examples"])} for row in cache.rows(shown.build, "findings")]


def _example(examples: str) -> str | None:
    first: dict[str, Any] | None = next(iter(json.loads(examples)), None)
    return None if first is None else ", ".join(f"{name} {value}" for name, value in first.items() if value is not None)


def summary(found: list[Row]) -> str:
    """How many checks there are and how many found anything."""
    hits = [row for row in found if row["found"]]
    if not hits:
        return f"{len(found)} checks, nothing found."
    return f"{len(hits)} of {len(found)} checks found something; each says what to do."


def definitions(shown: View) -> list[Row]:
    """Each definition that is set, with the metrics that it shapes; those that differ by application say how."""
    found = groupby(cache.rows(shown.build, "definitions"), key=itemgetter("key"))
    return [_definition(key, list(values)) for key, values in found]


def _definition(key: str, values: list[Row]) -> Row:
    shaped = [metric.title for metric in dora.metrics().values() if key in metric.shaped_by]
    said = {"key": key, "value": meaning.values(values), "says": values[0]["says"]}
    return said | {"metrics": ", ".join(shaped) or "what is in production, and its audit"}
