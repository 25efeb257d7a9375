"""Rows → data frames and CSV files. Pure; names and messages stay text, and no cell can run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from dashboards.queries import text as wording

Row = dict[str, Any]
# What spreadsheets take for the start of a formula (OWASP, "CSV injection"), and the full-width forms of the same.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TWO_DECIMALS = ("hours", "minutes", "days", "score")
SHORT_SHA = 9
MAX_NAMES = 3  # in the name of a file
EVIDENCE = {
    "rollback": "rolled back",
    "fix_forward": "fixed forward",
    "incident": "incident",
    "deploy": "deploy failed",
    "verification": "not confirmed by its verification",
}
DEPLOYMENT_COLUMNS = (
    "open", "happened_at", "outcome", "application", "team", "kind", "commit", "changes", "hours", "canary", "score",
    "recovered_hours", "url",
)  # fmt: skip


def deployments(rows: Iterable[Row], zone: str) -> pd.DataFrame:
    """Return deployments for people: local times, short commits, outcomes in words, web links only."""
    cells = [
        row
        | {
            "open": "Open",
            "happened_at": local(row["happened_at"], zone),
            "commit": (row["commit"] or "")[:SHORT_SHA] or None,
            "canary": row["verdict"] and row["verdict"].replace("_", " "),
            "outcome": outcome(row),
            "url": web_link(row["url"]),
        }
        for row in rows
    ]
    frame = pd.DataFrame(cells, columns=list(DEPLOYMENT_COLUMNS))
    # Nullable types: an empty column would become text, and a column with gaps would lose its whole numbers.
    return frame.astype({"changes": "Int64", "hours": "Float64", "score": "Float64", "recovered_hours": "Float64"})


def outcome(row: Row) -> str:
    """Return how a deployment ended, with the evidence if it failed: ``failed: rolled back, incident``."""
    if row["evidence"]:
        return f"failed: {evidence(row)}" + ("; not recovered" if row["still_failing"] else "")
    if row["outcome"] == "succeeded":
        return "succeeded, not everywhere" if row["not_everywhere"] else "succeeded"
    return "dark: waited without traffic" if row["outcome"] == "dark" else str(row["outcome"]).replace("_", " ")


def evidence(row: Row) -> str:
    """Return the evidence that a deployment failed, in words."""
    return ", ".join(EVIDENCE.get(word, word) for word in row["evidence"].split())


def percent(part: int, total: int, decimals: int = 0) -> str:
    """Return a share such as ``12 %``."""
    return f"{100 * part / total:.{decimals}f} %"


def web_link(url: str | None) -> str | None:
    """Return the link if it leads to the web; null for anything else that a source may have written."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def csv_text(rows: list[Row], without: tuple[str, ...] = ()) -> str:
    """Rows as CSV (RFC 4180) without some columns; times in UTC; an apostrophe before whatever could be a formula.

    Durations and scores have two decimals, shares and other ratios four.
    """
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, [name for name in rows[0] if name not in without], extrasaction="ignore")
    writer.writeheader()
    writer.writerows({name: _cell(name, value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, float):
        return round(value, 2 if any(word in name for word in TWO_DECIMALS) else 4)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def file_name(noun: str, first_day: date, last_day: date, names: Sequence[str]) -> str:
    """Return the name of a CSV file by its window and teams: ``deployments_2026-06-01_2026-08-29_payments.csv``."""
    selected = "-".join(names) if len(names) <= MAX_NAMES else f"{len(names)}-selected"
    parts = (noun, f"{first_day}", f"{last_day}", re.sub(r"[^\w.-]+", "-", selected).strip("-."))
    return "_".join(filter(None, parts)) + ".csv"


def local(moment: datetime | None, zone: str) -> datetime | None:
    """Return a UTC instant in the organisation's time zone; null stays null."""
    return moment and wording.to_local(moment, zone)


def count_listed(rows: list[Row], noun: str) -> str:
    """Return ``3 changes``, or ``The first 20 of 1,468 changes``."""
    return count_shown(rows[0]["listed"] if rows else 0, len(rows), noun)


def count_shown(count: int, limit: int, noun: str) -> str:
    """Return ``3 changes``, or ``The first 20 of 1,468 changes`` if no more than 20 are shown."""
    total = wording.format_count(count, noun)
    return total if count <= limit else f"The first {limit} of {total}"
