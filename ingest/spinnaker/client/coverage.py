"""Which stretches of an application's time were seen whole.

A stretch goes on from run to run. It ends where retention was shorter than the time between two runs: executions
that the last run had seen last are no longer given, so younger ones that nobody saw may be gone with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ingest.core.archive import Document

DAY = 86_400_000


class Stretch(msgspec.Struct, frozen=True):
    """The ``number``-th stretch of an application; times in epoch milliseconds."""

    number: int
    since: int
    until: int

    @property
    def mark(self) -> str:
        """The stretch as a watermark keeps it."""
        return f"{self.number} {self.since} {self.until}"

    def document(self, application: str) -> Document:
        """The landing row of the stretch."""
        row = {
            "id": f"{application}/{self.number}",
            "application": application,
            "since": self.since * 1000,
            "until": self.until * 1000,
        }
        return Document("coverage", msgspec.json.encode(row))


def recalled(mark: str | None) -> Stretch | None:
    """The stretch that a watermark keeps."""
    return Stretch(*map(int, mark.split())) if mark else None


def continued(last: Stretch | None, oldest: int, now: int, resumed: int | None) -> Stretch:
    """The stretch that a run at ``now`` ends, which read back to ``oldest``; ``resumed`` is the end of a gap."""
    if last is None:
        return Stretch(1, oldest, now)
    if resumed is not None and resumed > last.until:
        return Stretch(last.number + 1, min(resumed, now), now)
    return Stretch(last.number, min(last.since, oldest), max(last.until, now))


def resumption(last: Stretch | None, now: int, lost: Iterable[str], first: Mapping[str, int]) -> int | None:
    """From when on history is whole again; None where there is no gap.

    ``lost`` are pipelines of which known executions are gone, ``first`` is each pipeline's first execution after
    the last run. Within a day of the last run nothing unseen can have been cleaned up: somebody deleted by hand.
    """
    if last is None or now - last.until <= DAY:
        return None
    return max((first.get(pipeline, now) for pipeline in lost), default=None)
