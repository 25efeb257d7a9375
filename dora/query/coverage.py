"""Whether a period was seen whole: what no source has shown of its applications, and what is not over yet."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from dora import periods
from dora.periods import Period
from dora.render import text
from dora.storage.database import Connection

NAMED = 3
INSTANT = timedelta(microseconds=1)
_GAPS = (
    "SELECT application, since, until, reason FROM history_gaps"
    " WHERE since IS NOT NULL OR ? ORDER BY application, until"
)


class Gap(NamedTuple):
    """History of one application that was never seen: ``since`` (null: ever) up to ``until``, instants in UTC."""

    application: str
    since: datetime | None
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of some applications together: all but ``gaps``, up to ``as_of`` (UTC, null: nothing)."""

    applications: Collection[str]
    gaps: list[Gap]
    zone: str
    as_of: datetime | None

    def incomplete(self, cut: Period | None, exposed: Period) -> str | None:
        """Why a period, of which ``exposed`` lies in the window, is not whole, in words; null where it is.

        A window as such (no ``cut``) is whole where all history in it was seen.
        """
        unfinished = self._unfinished(cut, exposed) if cut else None
        said = [unfinished] if unfinished else []
        said += [self._words(gap) for gap in self._met(exposed)]
        more = [f"and {len(said) - NAMED} more"] if len(said) > NAMED else []
        return "; ".join(said[:NAMED] + more) or None

    def blind(self, exposed: Period) -> str | None:
        """Why nothing can be known of a stretch of time, in words; null where any of the applications was seen."""
        if not self.gaps:
            return None
        start, end = self._bounds(exposed)
        covering = [gap for gap in self.gaps if (gap.since is None or gap.since <= start) and start < end <= gap.until]
        unseen = {gap.application for gap in covering}
        return self._words(covering[0]) if unseen and unseen.issuperset(self.applications) else None

    def _unfinished(self, cut: Period, exposed: Period) -> str | None:
        if self.as_of is None or self._bounds(cut)[1] > self.as_of:
            return "not over when the data ends"
        return "cut by the window" if cut != exposed else None

    def _met(self, exposed: Period) -> Iterator[Gap]:
        """Gaps in a stretch of time. What begins after it is missing only where nothing else was seen."""
        if not self.gaps:
            return
        start, end = self._bounds(exposed)
        blind = self.blind(exposed) is not None
        for gap in self.gaps:
            begins_later = gap.since is None and gap.until >= end
            if gap.until > start and (gap.since is None or gap.since < end) and (blind or not begins_later):
                yield gap

    def _bounds(self, period: Period) -> tuple[datetime, datetime]:
        return periods.to_utc(period.start, self.zone), periods.to_utc(period.end, self.zone)

    def _words(self, gap: Gap) -> str:
        if gap.since is None:
            return f"{gap.application}: {gap.reason} on {text.days(self._local(gap.until))}"
        span = text.days(self._local(gap.since), self._local(gap.until - INSTANT))
        return f"{gap.application}: {gap.reason} {span}"

    def _local(self, moment: datetime) -> datetime:
        return periods.to_local(moment, self.zone)


def seen(
    con: Connection, groups: Mapping[str | None, Collection[str]], zone: str, as_of: datetime | None, *, begins: bool
) -> dict[str | None, Sight]:
    """What was seen of each group of applications; ``begins`` where time before their history is asked for, too."""
    rows = (Gap(*row) for row in con.execute(_GAPS, [begins]).fetchall())
    found = {name: list(gaps) for name, gaps in groupby(rows, attrgetter("application"))}
    return {
        group: Sight(names, [gap for name in names for gap in found.get(name, [])], zone, as_of)
        for group, names in groups.items()
    }
