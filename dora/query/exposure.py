"""On how many local days the applications of a group were observed: what a rate is divided by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain

from dora import periods
from dora.periods import Period
from dora.query.plan import GROUP_SQL, Members, execute, read_query, select_members
from dora.storage.build_results import once_per_build
from dora.storage.database import Connection

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Exposure:
    """The observed days of each application of a group, and of any of them (``together``), in order and apart."""

    members: Mapping[str, Sequence[Period]] = field(default_factory=dict)
    together: Sequence[Period] = ()

    def days(self, window: Period) -> float:
        """Return on how many days of a window any application was observed; see ``observed_days``."""
        return observed_days(self.together, window)

    def observed_for_less(self, window: Period) -> dict[str, float]:
        """Return the applications that were observed on fewer days of a window than all together."""
        total = self.days(window)
        days = {name: observed_days(stretches, window) for name, stretches in self.members.items()}
        return {name: own for name, own in days.items() if own < total}

    def still_observed(self, ends: Mapping[str, datetime], zone: str) -> Iterator[str]:
        """Yield the applications that were observed until the end of their data (UTC): they have not ended before."""
        for name, stretches in self.members.items():
            if stretches[-1].end > periods.to_local(ends[name], zone) - DAY:
                yield name


def observed_days(stretches: Sequence[Period], window: Period) -> float:
    """Return the number of days of a window that lie in stretches of complete days.

    The first and the last day of the window count as complete, but never more days than the window is long: 90 days
    that begin at noon meet 91 days, and are 90. One that begins during a day and lasts less than one has its length.
    """
    days, is_cut = _whole_days(window)
    observed = sum(days.intersection(stretch).days for stretch in stretches)
    return min(observed, window_days(window)) if is_cut else observed


@lru_cache(maxsize=4096)  # all groups of an answer have the same periods
def _whole_days(window: Period) -> tuple[Period, bool]:
    """Return the local days that a window meets, and whether it cuts its first day."""
    first = periods.floor(window.start, "day")
    days = Period(first, periods.floor(window.end - INSTANT, "day") + DAY)
    return days, window.start != first


@lru_cache(maxsize=4096)
def window_days(window: Period) -> float:
    """Return the length of a window in days, rounded up if it is longer than a day."""
    length = window.end - window.start
    # The end of the data is in the window, by an instant.
    return window.days if length < DAY else -((INSTANT - length) // DAY)


@once_per_build
def read_exposure(con: Connection, members: Members, zone: str) -> dict[str | None, Exposure]:
    """Return the exposure of each group of a scope."""
    groups, selection = select_members(con, members)
    stretches: dict[str | None, dict[str, list[Period]]] = {group: defaultdict(list) for group in groups}
    sql = read_query("observed_days", group=GROUP_SQL[members.by])
    for group, application, *instants in execute(con, sql, selection).fetchall():
        since, until = (periods.to_local(instant, zone) for instant in instants)
        stretches[group][application].append(Period(since, until))
    return {
        group: Exposure(of_group, periods.join(chain.from_iterable(of_group.values())))
        for group, of_group in stretches.items()
    }


def first_day(exposures: Iterable[Exposure]) -> datetime | None:
    """Return the first observed day of all groups."""
    return min((exposure.together[0].start for exposure in exposures if exposure.together), default=None)
