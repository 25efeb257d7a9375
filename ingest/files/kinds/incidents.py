"""Files of incidents."""

from __future__ import annotations

from dora.storage.rows import incidents
from dora.storage.rows.base import Row
from ingest.files.identities import Identity, RowIds
from ingest.files.records import KnownRows, Record
from ingest.files.timestamps import Timestamp


class Incident(Record, frozen=True, kw_only=True):
    """One line of ``incidents``; it is open if ``resolved_at`` is empty. ``id`` is unique as that of a deployment."""

    id: str
    application: str
    opened_at: Timestamp
    resolved_at: Timestamp | None
    environment: str | None = None
    system: str | None = None
    deployment: str | None = None
    commit: str | None = None
    severity: str | None = None
    title: str | None = None
    url: str | None = None

    @property
    def key(self) -> str:
        """What identifies the line in its file."""
        return self.id

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.resolved_at is not None

    def assign_ids(self, rows: KnownRows) -> RowIds | None:
        """Return the ids of its row; null if they are those of the line."""
        identity = Identity(
            external_id=self.id, system=self.system, application=self.application, started_at=self.opened_at
        )
        ids = rows.incidents.assign(identity)
        return None if ids.id == self.id else ids

    def to_rows(self, ids: RowIds | None) -> list[Row]:
        """Return its landing rows."""
        return [
            incidents.Incident(
                id=ids.id if ids else self.id,
                revision=self.revision,
                external_id=self.id,
                system=self.system,
                application=self.application,
                environment=self.environment,
                opened_at=self.opened_at,
                resolved_at=self.resolved_at,
                deployment=self.deployment,
                commit=self.commit,
                severity=self.severity,
                title=self.title,
                url=self.url,
            )
        ]
