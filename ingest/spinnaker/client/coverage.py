"""The periods of an application whose executions were all read.

A period continues from run to run. It ends if executions were deleted before a run could read them: when executions
that the last run saw are gone, unread younger ones may be gone as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ingest.payloads.archive import Document

DAY = 86_400_000


class CoveragePeriod(msgspec.Struct, frozen=True):
    """The ``number``-th period of an application; times in epoch milliseconds."""

    number: int
    since: int
    until: int

    @property
    def watermark(self) -> str:
        """The period as the value of a watermark."""
        return f"{self.number} {self.since} {self.until}"

    def document(self, application: str) -> Document:
        """Return the landing row of the period."""
        row = {"id": f"{application}/{self.number}", "application": application}
        times = {"since": self.since * 1000, "until": self.until * 1000}
        return Document("coverage", msgspec.json.encode(row | times))


def parse_watermark(watermark: str | None) -> CoveragePeriod | None:
    """Return the period of a watermark."""
    return CoveragePeriod(*map(int, watermark.split())) if watermark else None


def extend_coverage(last: CoveragePeriod | None, oldest: int, now: int, gap_end: int | None) -> CoveragePeriod:
    """Return the period that a run at ``now`` ends, which read back to ``oldest`` (F3)."""
    if last is None:
        return CoveragePeriod(1, oldest, now)
    if gap_end is not None and gap_end > last.until:
        return CoveragePeriod(last.number + 1, min(gap_end, now), now)
    return CoveragePeriod(last.number, min(last.since, oldest), max(last.until, now))


def find_gap_end(
    last: CoveragePeriod | None, now: int, deleted_from: Iterable[str], first_execution: Mapping[str, int]
) -> int | None:
    """Return the time from which history is complete again, None if there is no gap.

    ``deleted_from`` are pipelines of which known executions are gone, ``first_execution`` is the build time of each
    pipeline's first execution after the last run.
    """
    # Orca's clean-up counts in days: what is gone within one was deleted by hand, and nothing unread with it.
    if last is None or now - last.until <= DAY:
        return None
    return max((first_execution.get(pipeline, now) for pipeline in deleted_from), default=None)
