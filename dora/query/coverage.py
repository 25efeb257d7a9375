"""Whether a period is complete: it has ended in the data, and no history of its applications is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from dora import periods
from dora.periods import Period
from dora.query.exposure import Exposure, read_exposure
from dora.query.plan import Members, ScopePlan
from dora.render import text
from dora.storage.build_results import once_per_build
from dora.storage.database import Connection

MAX_REASONS = 3
INSTANT = timedelta(microseconds=1)
GAPS = "SELECT application, since, until FROM history_gaps WHERE since IS NOT NULL OR $before_history ORDER BY ALL"


class Gap(NamedTuple):
    """History of one application that no source has shown: from ``since`` (null: ever) to ``until``, in UTC."""

    application: str
    since: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of some applications together: all history but ``gaps``, up to ``as_of`` (UTC, null: nothing).

    ``exposure`` has the days on which they existed and were read.
    """

    applications: Collection[str]
    gaps: list[Gap]
    zone: str
    as_of: datetime | None
    exposure: Exposure = field(default_factory=Exposure)

    def incomplete_reason(self, period: Period | None, part: Period) -> str | None:
        """Return why a period, of which ``part`` is in the window, is incomplete; None if it is complete.

        A window as such (no ``period``) is complete if its history has no gap.
        """
        reasons = []
        if period is not None and (self.as_of is None or self._utc(period)[1] > self.as_of):
            reasons.append("the data ends before the period ends")
        elif period is not None and period != part:
            reasons.append("cut by the window")
        gaps = list(self._gaps_in(part))
        # Many applications have many gaps: only those that are shown become text.
        shown = gaps[: MAX_REASONS - len(reasons)]
        more = [f"and {len(gaps) - len(shown)} more"] if len(gaps) > len(shown) else []
        return "; ".join([*reasons, *map(self._gap_text, shown), *more]) or None

    def gap_reason(self, period: Period) -> str | None:
        """Return why nothing is known of a period; None if any application has history in it."""
        if not self.gaps:
            return None
        start, end = self._utc(period)
        covering = [gap for gap in self.gaps if (gap.since is None or gap.since <= start) and start < end <= gap.until]
        applications = {gap.application for gap in covering}
        return self._gap_text(covering[0]) if covering and applications.issuperset(self.applications) else None

    def _gaps_in(self, period: Period) -> Iterator[Gap]:
        """Yield the gaps in a period. History that begins after it counts only if no application has any in it."""
        if not self.gaps:
            return
        start, end = self._utc(period)
        unknown = self.gap_reason(period) is not None
        for gap in self.gaps:
            begins_later = gap.since is None and gap.until >= end
            if gap.until > start and (gap.since is None or gap.since < end) and (unknown or not begins_later):
                yield gap

    def _utc(self, period: Period) -> tuple[datetime, datetime]:
        return periods.to_utc(period.start, self.zone), periods.to_utc(period.end, self.zone)

    def _gap_text(self, gap: Gap) -> str:
        if gap.since is None:
            return f"{gap.application}: no data before {text.days(periods.to_local(gap.until, self.zone))}"
        first, last = (periods.to_local(moment, self.zone) for moment in (gap.since, gap.until - INSTANT))
        return f"{gap.application}: history gap {text.days(first, last)}"


def read_coverage(
    con: Connection, plan: ScopePlan, exposures: Mapping[str | None, Exposure]
) -> dict[str | None, Coverage]:
    """Return the coverage of each group of a scope."""
    # A scope of all time asks for no moment before history begins: only its periods may lie there.
    before_history = not plan.undated or plan.every is not None
    gaps, ends = _read_gaps(con, before_history), _read_ends(con, plan.members, plan.zone)
    coverage = {}
    for group, names in plan.groups.items():
        own_gaps = [gap for name in names for gap in gaps.get(name, [])]
        coverage[group] = Coverage(names, own_gaps, plan.zone, ends.get(group, plan.as_of), exposures[group])
    return coverage


@once_per_build
def _read_gaps(con: Connection, before_history: bool) -> dict[str, list[Gap]]:
    """Return the gaps by application."""
    gaps: dict[str, list[Gap]] = {}
    for row in con.execute(GAPS, {"before_history": before_history}).fetchall():
        gaps.setdefault(row[0], []).append(Gap(*row))
    return gaps


@once_per_build
def _read_ends(con: Connection, members: Members, zone: str) -> dict[str | None, datetime]:
    """Return up to when the data of each group is known, in UTC; without groups that are observed no more."""
    ends = dict(con.execute("SELECT application, as_of FROM data_ends").fetchall())
    observed = {
        group: [ends[name] for name in exposure.still_observed(ends, zone)]
        for group, exposure in read_exposure(con, members, zone).items()
    }
    return {group: min(moments) for group, moments in observed.items() if moments}
