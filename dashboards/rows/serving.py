"""Rows of what ran where → bars and marks of the chart, with their words. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dashboards.charts.serving import TONES
from dashboards.queries import text
from dashboards.rows import frames
from dora import Delivery

Row = dict[str, Any]
STATES = {"serving": "serves all traffic", "dark": "waits without traffic", "rollback": "rolled back",
          "failed": "failed"}  # fmt: skip


def bars_and_marks(rows: list[Row], start: datetime, end: datetime, zone: str) -> list[Row]:
    """Return rows of ``serving.sql`` for the chart, cut to the time from ``start`` to ``end`` (UTC)."""
    tones = content_tones(rows)
    versions = Delivery.short_versions([row["version"] for row in rows])
    return [
        _drawn(row, version, start, end, zone) | {"tone": tones.get(row["content"] or "", "grey")}
        for row, version in zip(rows, versions, strict=True)
    ]


def content_tones(rows: list[Row]) -> dict[str, str]:
    """Return the tone of each content, in the order in which contents came."""
    by_time = sorted(rows, key=lambda row: row["since"])
    contents = list(dict.fromkeys(row["content"] for row in by_time if row["content"]))
    return {content: TONES[place % len(TONES)] for place, content in enumerate(contents)}


def target_name(target: str) -> str:
    """Return a target as people write it: ``prod-eu / shop / web``; parts that are not known are left out."""
    return " / ".join(part for part in target.split("/") if part not in ("", "-")) or "production"


def iso(utc: datetime, zone: str) -> str:
    """Return a time as ISO 8601 in local time, marked as UTC so that no browser converts it."""
    return f"{text.to_local(utc, zone).isoformat(timespec='seconds')}Z"


def summary(rows: list[Row], start: datetime, max_lanes: int, zone: str) -> str:
    """Return in a sentence what is drawn and what is not: targets over the limit, time with too many bars."""
    targets = rows[0]["targets"] if rows else 0
    sentences = [f"{text.format_count(targets, 'target')}, the one that changed last on top."]
    if targets > max_lanes:
        others = f"The other {targets - max_lanes:,} are in the table serving_intervals of the build."
        sentences = [f"The {max_lanes} targets that changed last, of {targets:,}.", others]
    if rows and rows[0]["drawn_from"] > start:
        sentences.append(
            f"Drawn from {text.format_time(rows[0]['drawn_from'], zone)}: before that there are too many bars."
        )
    return " ".join(sentences)


def _drawn(row: Row, version: str | None, start: datetime, end: datetime, zone: str) -> Row:
    since, until = max(row["since"], start), row["until"] and min(row["until"], end)
    commit = (row["commit"] or "")[: frames.SHORT_SHA]
    return {
        "what": row["what"],
        "target": target_name(row["target"]),
        "start": iso(since, zone),
        "end": until and iso(until, zone),
        "share": until and (until - since) / (end - start),
        "label": (commit if version == row["commit"] else version or commit) or "unknown",
        "note": _note(row),
        "version": version or "not known",
        "commit": commit or "not known",
        "state": STATES[row["what"]],
        "start_text": text.format_time(row["since"], zone),
        "end_text": _end_text(row, zone),
        "deployment": row["deployment_id"],
        "kind": row["kind"],
        "outcome": frames.outcome(row),
    }


def _note(row: Row) -> str:
    """Return what a bar's label says beside its version: nothing of a release that was fine."""
    words = [row["kind"] if row["kind"] != "release" else "", "failed" if row["evidence"] else ""]
    return "".join(f" · {word}" for word in words if word)


def _end_text(row: Row, zone: str) -> str:
    if row["until"] is None:
        return "–"
    return "still at the end of the data" if row["is_current"] else text.format_time(row["until"], zone)
