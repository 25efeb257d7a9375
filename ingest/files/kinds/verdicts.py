"""Files of verdicts."""

from __future__ import annotations

from typing import ClassVar

from dora.storage.rows import incidents
from dora.storage.rows.base import Row
from ingest.files.identities import RowIds
from ingest.files.records import Record, Word
from ingest.files.timestamps import Timestamp


class VerdictWord(Word):
    """What a person says of a deployment."""

    words: ClassVar[tuple[str, ...]] = ("failed", "stable")


class Verdict(Record, frozen=True, kw_only=True):
    """One line of ``verdicts``: what a person says of a ``deployment``, or of the one that shipped a ``commit``."""

    verdict: VerdictWord
    by: str
    at: Timestamp
    application: str | None = None
    deployment: str | None = None
    commit: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if not (self.deployment or self.commit):
            raise ValueError("deployment and commit must not both be empty")

    @property
    def key(self) -> str:
        """What identifies the line in its file."""
        return "@".join(filter(None, (self.application, self.deployment, self.commit, self.by, str(int(self.at)))))

    def to_rows(self, ids: RowIds | None) -> list[Row]:
        """Return its landing row."""
        return [
            incidents.Verdict(
                id=self.key,
                application=self.application,
                deployment=self.deployment,
                commit=self.commit,
                verdict=self.verdict,
                decided_by=self.by,
                decided_at=self.at,
                reason=self.reason,
            )
        ]
