"""Rows → what a table and a CSV file show. Pure; names and messages stay text, and no cell can run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from dashboards.queries import text as wording

Row = dict[str, Any]
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SHORT = 9
EVIDENCE = {
    "rollback": "rolled back",
    "fix_forward": "fixed forward",
    "incident": "incident",
    "deploy": "deploy failed",
}


def deployments(rows: Iterable[Row], zone: str) -> pd.DataFrame:
    """Deployments as people read them: local times, short commits, outcomes in words, web links only."""
    shown = [
        {
            "open": "Open",
            "happened_at": local(row["happened_at"], zone),
            "application": row["application"],
            "team": row["team"],
            "kind": row["kind"],
            "commit": (row["commit"] or "")[:SHORT] or None,
            "changes": row["changes"],
            "hours": row["hours"],
            "canary": row["verdict"] and row["verdict"].replace("_", " "),
            "score": row["score"],
            "outcome": outcome(row),
            "recovered_hours": row["recovered_hours"],
            "url": web_link(row["url"]),
        }
        for row in rows
    ]
    frame = pd.DataFrame(shown, columns=list(DEPLOYMENT_COLUMNS))
    return frame.astype({"changes": "Int64", "hours": "Float64", "score": "Float64", "recovered_hours": "Float64"})


DEPLOYMENT_COLUMNS = (
    "open", "happened_at", "application", "team", "kind", "commit", "changes", "hours", "canary", "score", "outcome",
    "recovered_hours", "url",
)  # fmt: skip


def outcome(row: Row) -> str:
    """How a deployment ended, with the evidence where it failed: ``failed: rolled back, incident``."""
    if row["evidence"]:
        said = ", ".join(EVIDENCE.get(word, word) for word in row["evidence"].split())
        return f"failed: {said}" + ("; not recovered" if row["still_failing"] else "")
    return "ok" if row["outcome"] == "succeeded" else str(row["outcome"]).replace("_", " ")


def web_link(url: str | None) -> str | None:
    """The link where it leads to the web; null for anything else that a source may have written."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def csv_text(rows: list[Row], without: tuple[str, ...] = ()) -> str:
    """Columns as CSV (RFC 4180), but some; times in UTC; what a spreadsheet would run gets an apostrophe before it."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, [name for name in rows[0] if name not in without], extrasaction="ignore")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def local(moment: datetime | None, zone: str) -> datetime | None:
    """A UTC instant as the organisation's clock shows it; null stays null."""
    return moment and wording.local(moment, zone)


def how_many(rows: list[Row], noun: str) -> str:
    """``3 changes``, or ``the first 20 of 1,468 changes``."""
    count = rows[0]["listed"] if rows else 0
    return (
        wording.counted(count, noun)
        if count <= len(rows)
        else f"The first {len(rows)} of {wording.counted(count, noun)}"
    )
