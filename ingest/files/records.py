"""The columns of each kind of file, and the landing rows of one line. Pure."""

from __future__ import annotations

from functools import cache
from types import NoneType
from typing import Any, Literal, TypeVar, get_args

import msgspec

from dora.storage.rows import changes, executions, incidents
from dora.storage.rows.base import Row
from ingest.files.timestamps import Timestamp

STATUS = {"succeeded": "succeeded", "failed": "failed", "canceled": "canceled", "in_progress": "running"}
Cells = dict[str, str | None]


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``deployments``: a rollout to one environment. Lines with one ``group`` are one deployment."""

    id: str
    application: str
    environment: str
    status: Literal["succeeded", "failed", "canceled", "in_progress"]
    finished_at: Timestamp | None
    started_at: Timestamp | None = None
    first_traffic_at: Timestamp | None = None
    full_traffic_at: Timestamp | None = None
    repository: str | None = None
    commit: str | None = None
    version: str | None = None
    kind: Literal["release", "hotfix", "rollback", "redeploy", "config"] | None = None
    group: str | None = None
    url: str | None = None
    triggered_by: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``changes``: a commit. It is a change on trunk if it has a ``merged_at``.

    If the file has no such column, every line is a change, merged at ``committed_at``.
    """

    repository: str
    sha: str
    parents: str | None
    authored_at: Timestamp
    committed_at: Timestamp
    merged_at: Timestamp | None = None
    author: str | None = None
    subject: str | None = None
    change_request: str | None = None
    applications: str | None = None


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``incidents``; it is open if ``resolved_at`` is empty."""

    id: str
    application: str
    opened_at: Timestamp
    resolved_at: Timestamp | None
    deployment: str | None = None
    commit: str | None = None
    severity: str | None = None
    title: str | None = None
    url: str | None = None


T = TypeVar("T", Deployment, Change, Incident)
TABLES: dict[str, type[Deployment] | type[Change] | type[Incident]] = {
    "deployments": Deployment,
    "changes": Change,
    "incidents": Incident,
}


def required_columns(kind: str) -> list[str]:
    """Return the columns that a file of this kind must have."""
    return [field.name for field in msgspec.structs.fields(TABLES[kind]) if field.required]


def line_key(kind: str, cells: dict[str, Any]) -> str:
    """Return what identifies a line; empty if a part of it is empty."""
    parts = [_to_text(cells[name]) for name in (("repository", "sha") if kind == "changes" else ("id",))]
    return "@".join(filter(None, parts)) if all(parts) else ""


def to_rows(kind: str, cells: dict[str, Any]) -> list[Row]:
    """Return the landing rows of one line; raises ``ValueError`` with the column that is wrong."""
    texts = {name: _to_text(value) for name, value in cells.items()}
    if kind == "changes":
        return _change_rows(texts)
    if kind == "incidents":
        return [incidents.Incident(**msgspec.structs.asdict(_parse(texts, Incident)))]
    deployment = _parse(texts, Deployment)
    if deployment.finished_at is None and deployment.status != "in_progress":
        raise ValueError(f"finished_at must not be empty if the status is {deployment.status}")
    return deployment_rows(deployment, *_traffic_times(texts, deployment))


def _to_text(value: Any) -> str | None:
    """Return a cell as text without surrounding blanks; empty is null, list items are joined by spaces."""
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    # Parquet and JSON writers turn an integer column with nulls into floats.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else str(value).strip() or None


def _parse(cells: Cells, table: type[T]) -> T:
    if empty := [name for name in _non_empty_columns(table) if cells.get(name) is None]:
        raise ValueError(f"{', '.join(empty)} must not be empty")
    return msgspec.convert(cells, table, dec_hook=lambda cls, value: cls(value))


@cache
def _non_empty_columns(table: type[msgspec.Struct]) -> list[str]:
    fields = msgspec.structs.fields(table)
    return [field.name for field in fields if field.required and NoneType not in get_args(field.type)]


def deployment_rows(line: Deployment, first_traffic_at: int | None, full_traffic_at: int | None) -> list[Row]:
    """Return the execution and the rollout of a deployment."""
    status = STATUS[line.status]
    execution = executions.Execution(
        id=line.id,
        application=line.application,
        root_id=line.group or line.id,
        status=status,
        started_at=line.started_at,
        finished_at=line.finished_at,
        triggered_by=line.triggered_by,
        repository=line.repository,
        commit=line.commit,
        commit_origin="file" if line.commit else None,
        url=line.url,
    )
    rollout = executions.Rollout(
        id=line.id,
        execution_id=line.id,
        application=line.application,
        action="rollback" if line.kind == "rollback" else "deploy",
        environment=line.environment,
        status=status,
        started_at=line.started_at,
        first_traffic_at=first_traffic_at,
        full_traffic_at=full_traffic_at,
        finished_at=line.finished_at,
        version=line.version,
        kind=line.kind,
    )
    return [execution, rollout]


def _traffic_times(cells: Cells, line: Deployment) -> tuple[int | None, int | None]:
    """Return when the deployment first and fully took traffic, as the file says or as its status implies."""
    first, full = line.first_traffic_at, line.full_traffic_at
    if line.status == "succeeded":
        full = full or line.finished_at
    elif line.status == "failed" and not {"first_traffic_at", "full_traffic_at"} & cells.keys():
        # Without a traffic column a failure counts as one in production, which took traffic until its end. With such
        # a column an empty cell means that the deployment never took traffic.
        first = line.finished_at
    return first or full, full


def _change_rows(cells: Cells) -> list[Row]:
    line = _parse(cells, Change)
    key: dict[str, Any] = {"id": f"{line.repository}@{line.sha}", "repository": line.repository, "sha": line.sha}
    commit = changes.Commit(
        **key,
        parents=(line.parents or "").split(),
        authored_at=line.authored_at,
        committed_at=line.committed_at,
        author=line.author,
        subject=line.subject,
    )
    merged_at = line.merged_at if "merged_at" in cells else line.committed_at
    if merged_at is None:
        return [commit]
    applications = line.applications.split() if line.applications else None
    return [
        commit,
        changes.Change(**key, merged_at=merged_at, change_request=line.change_request, applications=applications),
    ]
