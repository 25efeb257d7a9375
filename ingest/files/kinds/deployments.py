"""Files of deployments, and the landing rows of one deployment of any file."""

from __future__ import annotations

from typing import ClassVar

from msgspec import UNSET, UnsetType

from dora.storage.rows import executions
from dora.storage.rows.base import Row
from ingest.files.identities import Identity, RowIds
from ingest.files.records import Kind, KnownRows, Record, Status
from ingest.files.timestamps import Timestamp


class Deployment(Record, frozen=True, kw_only=True):
    """One line of ``deployments``: a rollout to one environment, or to one ``target`` in it.

    Lines with one ``group`` are one deployment, and so are lines with one ``id`` that start together. ``id`` and
    ``group`` are unique within ``system`` and application. A traffic time is unset if the file has no such column.
    """

    has_shared_groups: ClassVar[bool] = False  # true if systems agree on the names of groups

    id: str
    application: str
    environment: str
    status: Status
    finished_at: Timestamp | None
    started_at: Timestamp | None = None
    first_traffic_at: Timestamp | UnsetType | None = UNSET
    full_traffic_at: Timestamp | UnsetType | None = UNSET
    repository: str | None = None
    commit: str | None = None
    version: str | None = None
    kind: Kind | None = None
    group: str | None = None
    target: str | None = None
    system: str | None = None
    url: str | None = None
    triggered_by: str | None = None

    def __post_init__(self) -> None:
        if self.finished_at is None and self.is_final:
            raise ValueError(f"finished_at must not be empty if the status is {self.status}")

    @property
    def key(self) -> str:
        """What identifies the line in its file."""
        return self.id

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.status != "in_progress"

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

    def assign_ids(self, rows: KnownRows) -> RowIds | None:
        """Return the ids of its row; null if they are those of the line."""
        ids = rows.deployments.assign(self.identity, self.group, shared_group=self.has_shared_groups)
        return None if ids == self._own_ids else ids

    @property
    def _own_ids(self) -> RowIds:
        return RowIds(self.id, self.group or self.id)

    def to_rows(self, ids: RowIds | None) -> list[Row]:
        """Return its landing rows."""
        row_id, root_id = ids or self._own_ids
        status = "running" if self.status == "in_progress" else str(self.status)
        first_traffic_at, full_traffic_at = self._traffic_times()
        execution = executions.Execution(
            id=row_id,
            revision=self.revision,
            external_id=self.id,
            system=self.system,
            application=self.application,
            root_id=root_id,
            status=status,
            started_at=self.started_at,
            finished_at=self.finished_at,
            triggered_by=self.triggered_by,
            repository=self.repository,
            commit=self.commit,
            commit_origin="file" if self.commit else None,
            url=self.url,
        )
        rollout = executions.Rollout(
            id=row_id,
            revision=self.revision,
            execution_id=row_id,
            application=self.application,
            action="rollback" if self.kind == "rollback" else "deploy",
            environment=self.environment,
            target=self.target,
            status=status,
            started_at=self.started_at,
            accepted_at=first_traffic_at,
            first_traffic_at=first_traffic_at,
            earliest_traffic_at=self.started_at if first_traffic_at and not self.first_traffic_at else None,
            full_traffic_at=full_traffic_at,
            finished_at=self.finished_at,
            version=self.version,
            kind=self.kind,
        )
        return [execution, rollout]

    def _traffic_times(self) -> tuple[int | None, int | None]:
        """Return when it first and fully took traffic, as the file says or as its status implies."""
        first, full = self.first_traffic_at or None, self.full_traffic_at or None
        if self.status == "succeeded":
            full = full or self.finished_at
        elif self.status == "failed" and self.first_traffic_at is UNSET and self.full_traffic_at is UNSET:
            # Without a traffic column a failure counts as one in production, which took traffic until its end. With
            # such a column an empty cell means that the deployment never took traffic.
            first = self.finished_at
        return first or full, full
