"""The columns of each kind of file, and the landing rows of one line. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Any, Literal, TypeVar, get_args

import msgspec

from dora.storage.rows import changes, executions, incidents
from dora.storage.rows.base import CONTENT_BITS, Row
from ingest.core import commit_message
from ingest.files.identities import Identity, RowIds
from ingest.files.timestamps import Timestamp

STATUS = {"succeeded": "succeeded", "failed": "failed", "canceled": "canceled", "in_progress": "running"}
LISTS = {"parents", "applications"}  # columns that may hold a list
Cells = dict[str, str | None]


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``deployments``: a rollout to one environment, or to one ``target`` in it.

    Lines with one ``group`` are one deployment, and so are lines with one ``id`` that start together. ``id`` and
    ``group`` are unique within ``system`` and application.
    """

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
    target: str | None = None
    system: str | None = None
    url: str | None = None
    triggered_by: str | None = None

    @property
    def identity(self) -> Identity:
        """What tells it apart from other deployments."""
        return Identity(
            external_id=self.id,
            system=self.system,
            application=self.application,
            environment=self.environment,
            target=self.target,
            repository=self.repository,
            started_at=self.started_at,
            finished_at=self.finished_at,
        )


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``changes``: a commit. It is a change on trunk if it has a ``merged_at``.

    If the file has no such column, every line is a change, merged at ``committed_at``. ``message`` is the whole
    message, of which ``subject`` is the first line; what it says counts as in a git repository.
    """

    repository: str
    sha: str
    parents: str | None
    authored_at: Timestamp
    committed_at: Timestamp
    merged_at: Timestamp | None = None
    author: str | None = None
    subject: str | None = None
    message: str | None = None
    change_request: str | None = None
    applications: str | None = None


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``incidents``; it is open if ``resolved_at`` is empty."""

    id: str
    application: str
    opened_at: Timestamp
    resolved_at: Timestamp | None
    environment: str | None = None
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
    """Return what identifies a line; empty if a part of it is empty or no text."""
    try:
        parts = [_to_text(name, cells[name]) for name in (("repository", "sha") if kind == "changes" else ("id",))]
    except ValueError:
        return ""
    return "@".join(filter(None, parts)) if all(parts) else ""


def to_deployment(cells: dict[str, Any]) -> Deployment:
    """Return a line of deployments; raises ``ValueError`` with the column that is wrong."""
    return _to_deployment(_to_texts("deployments", cells))


def to_rows(kind: str, cells: dict[str, Any], ids: RowIds | None = None) -> list[Row]:
    """Return the landing rows of one line; raises ``ValueError`` with the column that is wrong.

    ``ids`` are those of the row of a deployment, if they are not the id and the group of its line.
    """
    texts = _to_texts(kind, cells)
    if kind == "changes":
        return _change_rows(texts)
    if kind == "incidents":
        return [incidents.Incident(**msgspec.structs.asdict(_parse(texts, Incident)))]
    deployment = _to_deployment(texts)
    return deployment_rows(deployment, *_traffic_times(texts, deployment), ids)


def _to_deployment(texts: Cells) -> Deployment:
    deployment = _parse(texts, Deployment)
    if deployment.finished_at is None and deployment.status != "in_progress":
        raise ValueError(f"finished_at must not be empty if the status is {deployment.status}")
    return deployment


def _to_texts(kind: str, cells: dict[str, Any]) -> Cells:
    columns = TABLES[kind].__struct_fields__
    return {name: _to_text(name, value) for name, value in cells.items() if name in columns}


def _to_text(name: str, value: Any) -> str | None:
    """Return a cell as text without surrounding blanks; empty is null, list items are joined by spaces."""
    if isinstance(value, list) and name in LISTS:
        return " ".join(filter(None, (_to_text(f"an item of {name}", item) for item in value)))
    # Parquet and JSON writers turn an integer column with nulls into floats.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal | date | None):
        raise ValueError(f"{name} must be text or a number, not {type(value).__name__}")
    return None if value is None else str(value).strip() or None


def _parse(cells: Cells, table: type[T]) -> T:
    if empty := [name for name in _non_empty_columns(table) if cells.get(name) is None]:
        raise ValueError(f"{', '.join(empty)} must not be empty")
    return msgspec.convert(cells, table, dec_hook=lambda cls, value: cls(value))


@cache
def _non_empty_columns(table: type[msgspec.Struct]) -> list[str]:
    fields = msgspec.structs.fields(table)
    return [field.name for field in fields if field.required and NoneType not in get_args(field.type)]


def deployment_rows(
    line: Deployment, first_traffic_at: int | None, full_traffic_at: int | None, ids: RowIds | None = None
) -> list[Row]:
    """Return the execution and the rollout of a deployment."""
    row_id, root_id = ids or RowIds(line.id, line.group or line.id)
    status = STATUS[line.status]
    # A final state has the higher revision, so that an older export does not replace it by a running one.
    revision = 0 if line.status == "in_progress" else 1 << CONTENT_BITS
    execution = executions.Execution(
        id=row_id,
        revision=revision,
        external_id=line.id,
        system=line.system,
        application=line.application,
        root_id=root_id,
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
        id=row_id,
        revision=revision,
        execution_id=row_id,
        application=line.application,
        action="rollback" if line.kind == "rollback" else "deploy",
        environment=line.environment,
        target=line.target,
        status=status,
        started_at=line.started_at,
        accepted_at=first_traffic_at,
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
    message = commit_message.parse(line.message or line.subject or "")
    commit = changes.Commit(
        **key,
        parents=(line.parents or "").split(),
        authored_at=line.authored_at,
        committed_at=line.committed_at,
        author=line.author,
        subject=line.subject or (commit_message.read_subject(line.message) if line.message else None),
        change_request=message.requests,
        title=message.title,
        reverts=message.reverts,
        is_revert=message.is_revert,
        picked_from=message.picked_from,
    )
    merged_at = line.merged_at if "merged_at" in cells else line.committed_at
    if merged_at is None:
        return [commit]
    applications = line.applications.split() if line.applications else None
    return [
        commit,
        changes.Change(
            **key,
            merged_at=merged_at,
            change_request=line.change_request or message.requests,
            applications=applications,
        ),
    ]
