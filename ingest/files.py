"""Deployments, changes and incidents from CSV, JSON Lines or Parquet: the way in for any other system.

One file holds one kind, told by the word in its name (``deployments-2026.csv``) or asked for. The
columns are the fields of ``Deployment``, ``Change`` and ``Incident`` below; a field without a default
is a column that must be there. Times are ISO 8601 (without an offset they are UTC) or epoch milliseconds.
"""

from __future__ import annotations

import csv
import glob
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from dora.errors import UsageError
from ingest import rows
from ingest.archive import Document
from ingest.source import Item, Progress, Request, State, Trouble, Unreadable

EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STATUS = {"succeeded": "succeeded", "failed": "failed", "canceled": "canceled", "in_progress": "running"}
Cells = dict[str, Any]


class Instant:
    """A time in a file, as whole microseconds since 1970 in UTC."""

    def __init__(self, text: str) -> None:
        number = re.fullmatch(r"-?\d+(?:\.\d+)?", text)
        if number is None and not re.search(r"\d[T ]\d", text):
            raise ValueError(f"{text!r} is not a time: expected ISO 8601 with a time of day, or epoch milliseconds")
        self.micros = round(float(text) * 1000) if number else _micros(datetime.fromisoformat(text))
        if not _micros(EARLIEST) <= self.micros < _micros(LATEST):
            raise ValueError(f"{text!r} is not between 1990 and 2100 (a number is read as epoch milliseconds)")


def _micros(at: datetime) -> int:
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a ``deployments`` file: one change of one environment.

    ``group`` joins rows that are one deployment, such as three regions.
    """

    id: str
    application: str
    environment: str
    status: Literal["succeeded", "failed", "canceled", "in_progress"]
    finished_at: Instant | None
    started_at: Instant | None = None
    first_traffic_at: Instant | None = None
    full_traffic_at: Instant | None = None
    repository: str | None = None
    commit: str | None = None
    version: str | None = None
    kind: Literal["release", "hotfix", "rollback", "redeploy", "config"] | None = None
    group: str | None = None
    url: str | None = None
    triggered_by: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a ``changes`` file: one commit, on trunk where it has a ``merged_at`` or no row can have one."""

    repository: str
    sha: str
    parents: str | None
    authored_at: Instant
    committed_at: Instant
    merged_at: Instant | None = None
    author: str | None = None
    subject: str | None = None
    change_request: str | None = None
    applications: str | None = None


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One row of an ``incidents`` file; an empty ``resolved_at`` is one that goes on."""

    id: str
    application: str
    opened_at: Instant
    resolved_at: Instant | None
    deployment: str | None = None
    commit: str | None = None
    severity: str | None = None
    title: str | None = None
    url: str | None = None
