"""What a file of each kind holds, column by column, and the landing rows that one line becomes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from types import NoneType
from typing import Any, Literal, TypeVar, get_args

import msgspec

from ingest.core import rows
from ingest.files import cdevents
from ingest.files.timestamps import Instant

STATUS = {"succeeded": "succeeded", "failed": "failed", "canceled": "canceled", "in_progress": "running"}
Cells = dict[str, str | None]


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``deployments``: one change of one environment; ``group`` joins lines that are one deployment."""

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
    """One line of ``changes``: one commit. Trunk has those with a ``merged_at``, or all without such a column."""

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
    """One line of ``incidents``; without a ``resolved_at`` it goes on."""

    id: str
    application: str
    opened_at: Instant
    resolved_at: Instant | None
    deployment: str | None = None
    commit: str | None = None
    severity: str | None = None
    title: str | None = None
    url: str | None = None


EVENTS = "cdevents"  # lines are nested objects, which have no columns
T = TypeVar("T", Deployment, Change, Incident)
KINDS: dict[str, type[Deployment] | type[Change] | type[Incident]] = {
    "deployments": Deployment,
    "changes": Change,
    "incidents": Incident,
}


def required(kind: str) -> list[str]:
    """Columns that a file of this kind must have."""
    return [] if kind == EVENTS else [field.name for field in msgspec.structs.fields(KINDS[kind]) if field.required]


def known(kind: str) -> set[str]:
    """Columns of this kind that anybody reads."""
    if kind == EVENTS:
        return cdevents.KNOWN | cdevents.CLOUD
    return {field.name for field in msgspec.structs.fields(KINDS[kind])}


def identity(kind: str, cells: dict[str, Any]) -> list[str]:
    """What makes two lines of a file the same thing; nothing where a part of it is empty."""
    if kind == EVENTS:
        return cdevents.identity(cells)
    names = ("repository", "sha") if kind == "changes" else ("id",)
    parts = [part for name in names if (part := _text(cells[name]))]
    return parts if len(parts) == len(names) else []


def _text(value: Any) -> str | None:
    """A cell as text without blanks around it; empty is null, a list is joined by spaces."""
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else str(value).strip() or None


def to_rows(kind: str, cells: dict[str, Any]) -> Iterable[rows.Row]:
    """The landing rows of one line; raises ``ValueError`` naming the column that is wrong."""
    if kind == EVENTS:
        return cdevents.to_rows(cells)
    return _ROWS[kind]({name: _text(value) for name, value in cells.items()})


@cache
def _filled(cls: type[msgspec.Struct]) -> list[str]:
    fields = msgspec.structs.fields(cls)
    return [field.name for field in fields if field.required and NoneType not in get_args(field.type)]


def _read(cells: Cells, cls: type[T]) -> T:
    if empty := [name for name in _filled(cls) if cells.get(name) is None]:
        raise ValueError(f"{', '.join(empty)} must not be empty")
    return msgspec.convert(cells, cls, dec_hook=lambda cls, value: cls(value))


def _at(instant: Instant | None) -> int | None:
    return instant.micros if instant else None


def _deployment(cells: Cells) -> list[rows.Row]:
    line = _read(cells, Deployment)
    if line.finished_at is None and line.status != "in_progress":
        raise ValueError(f"finished_at must not be empty where the status is {line.status}")
    first, full = _traffic(cells, line)
    execution = rows.Execution(
        id=line.id,
        application=line.application,
        root_id=line.group or line.id,
        status=STATUS[line.status],
        started_at=_at(line.started_at),
        finished_at=_at(line.finished_at),
        triggered_by=line.triggered_by,
        repository=line.repository,
        commit=line.commit,
        commit_origin="file" if line.commit else None,
        url=line.url,
    )
    rollout = rows.Rollout(
        id=line.id,
        execution_id=line.id,
        application=line.application,
        action="rollback" if line.kind == "rollback" else "deploy",
        environment=line.environment,
        status=STATUS[line.status],
        started_at=_at(line.started_at),
        first_traffic_at=first,
        full_traffic_at=full,
        finished_at=_at(line.finished_at),
        version=line.version,
        kind=line.kind,
    )
    return [execution, rollout]


def _traffic(cells: Cells, line: Deployment) -> tuple[int | None, int | None]:
    """When it first and fully served: as the file says, else a success served at its end.

    A failure of a file that has no column about traffic is taken for a failure in production, which
    served at its end; where there is such a column, an empty cell says that it never served.
    """
    first, full = _at(line.first_traffic_at), _at(line.full_traffic_at)
    if line.status == "succeeded":
        full = full or _at(line.finished_at)
    elif line.status == "failed" and not {"first_traffic_at", "full_traffic_at"} & cells.keys():
        first = _at(line.finished_at)
    return first or full, full


def _change(cells: Cells) -> list[rows.Row]:
    line = _read(cells, Change)
    name = f"{line.repository}@{line.sha}"
    commit = rows.Commit(
        id=name,
        repository=line.repository,
        sha=line.sha,
        parents=(line.parents or "").split(),
        authored_at=line.authored_at.micros,
        committed_at=line.committed_at.micros,
        author=line.author,
        subject=line.subject,
    )
    merged = line.merged_at if "merged_at" in cells else line.committed_at
    if merged is None:
        return [commit]
    change = rows.Change(
        id=name,
        repository=line.repository,
        sha=line.sha,
        merged_at=merged.micros,
        change_request=line.change_request,
        applications=line.applications.split() if line.applications else None,
    )
    return [commit, change]


def _incident(cells: Cells) -> list[rows.Row]:
    line = _read(cells, Incident)
    incident = rows.Incident(
        id=line.id,
        application=line.application,
        opened_at=line.opened_at.micros,
        resolved_at=_at(line.resolved_at),
        deployment=line.deployment,
        commit=line.commit,
        severity=line.severity,
        title=line.title,
        url=line.url,
    )
    return [incident]


_ROWS: dict[str, Callable[[Cells], list[rows.Row]]] = {
    "deployments": _deployment,
    "changes": _change,
    "incidents": _incident,
}
