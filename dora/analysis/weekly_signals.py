"""Signal against noise: a metric's whole weeks, the limits of their noise, and what is beyond it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import dropwhile
from operator import attrgetter

from dora import periods
from dora.query.metric import build_info, compute_metric
from dora.query.value import Scope, Value
from dora.statistics import control_chart
from dora.statistics.control_chart import ENOUGH, Behaviour, Change, Signal
from dora.storage.database import Connection

BASELINE = 26  # weeks: limits come from them and stay
LIKELY = 0.05
SOME = 5  # observations that a week's duration must rest on
WEAK = ("2 of 3 near a limit", "4 of 5 off centre")  # rules that cry wolf once or twice a year
Slope = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class TrendAlert:
    """Weeks in a row that noise does not explain: places of the first and the last, and what they show."""

    first: int
    last: int
    text: str

    @property
    def weak(self) -> bool:
        """Whether noise does that once or twice a year."""
        return self.text.startswith(WEAK)


@dataclass(frozen=True, slots=True)
class WeeklySeries:
    """One group's whole weeks of a metric that have a value (of durations: five), in order, and what is beyond noise.

    ``behaviour`` are the natural limits, from the first ``baseline`` weeks, with each week that noise does not explain;
    ``shifted`` is the place of the week by which a lasting shift was certain; ``change`` the likeliest change point,
    where p is below 5 %; ``slope`` a week's drift with 95 % limits. All null with a ``reason`` below ten weeks. The
    window that was asked for starts at the week of place ``starts``; those before it are there for their limits.
    """

    metric: str
    group: str | None
    weeks: list[Value]
    baseline: int = 0
    behaviour: Behaviour | None = None
    shifted: int | None = None
    change: Change | None = None
    slope: Slope | None = None
    reason: str | None = None
    starts: int = 0

    @property
    def alerts(self) -> list[TrendAlert]:
        """What noise does not explain in the window, the latest first; weeks in a row by one rule are one finding."""
        found = [TrendAlert(one.index, one.index, f"{one.rule}, {one.direction}") for one in self._signals]
        if self.shifted is not None:
            found.append(TrendAlert(self.shifted, self.shifted, "a lasting shift is certain"))
        if self.change is not None:
            text = f"likeliest change point (p = {self.change.p:.2g})"
            found.append(TrendAlert(self.change.index, self.change.index, text))
        inside = [one for one in _joined(found) if one.last >= self.starts]
        return sorted(inside, key=attrgetter("last", "first"), reverse=True)

    @property
    def _signals(self) -> list[Signal]:
        return self.behaviour.signals if self.behaviour else []


def _joined(found: Iterable[TrendAlert]) -> list[TrendAlert]:
    runs: list[TrendAlert] = []
    for one in sorted(found, key=attrgetter("text", "first")):
        if runs and runs[-1].text == one.text and runs[-1].last == one.first - 1:
            runs[-1] = replace(runs[-1], last=one.last)
        else:
            runs.append(one)
    return runs


def find_signals(con: Connection, name: str, scope: Scope) -> list[WeeklySeries]:
    """Each group's series up to the end of a scope's window, with what noise does not explain in the window.

    Limits come from the half-year before the one in which the window begins, so that they stay as they are while the
    window moves on; where history is shorter, from the first half of it. Raises ``UsageError`` for anything that does
    not exist.
    """
    about = build_info(con)
    starts = periods.parse_moment(scope.since, about["timezone"], about["as_of"]) if scope.since else datetime.min
    turn = _half_year(starts) if scope.since else datetime.min
    values = compute_metric(con, name, replace(scope, every="week", since=_before(turn)))
    groups = dict.fromkeys(value.group for value in values)
    return [_series(name, group, [one for one in values if one.group == group], starts, turn) for group in groups]


def _half_year(moment: datetime) -> datetime:
    """The first Monday on or after the 1 January or July before a moment."""
    first = datetime(moment.year, 1 if moment.month < 7 else 7, 1)
    return first + timedelta(days=-first.weekday() % 7)


def _before(turn: datetime) -> str | None:
    return None if turn == datetime.min else (turn - timedelta(weeks=BASELINE)).isoformat()


def _series(name: str, group: str | None, values: Sequence[Value], starts: datetime, turn: datetime) -> WeeklySeries:
    begun = dropwhile(lambda value: not value.n, values)  # before its first row nobody knows that there was anything
    weeks = [value for value in begun if not value.partial and value.value is not None and _enough(value)]
    if len(weeks) < ENOUGH:
        return WeeklySeries(name, group, weeks, reason=f"{len(weeks)} whole weeks; limits need {ENOUGH}")
    seen, baseline = [week.value or 0.0 for week in weeks], _baseline(weeks, turn)
    change = control_chart.pettitt(seen)
    return WeeklySeries(
        name,
        group,
        weeks,
        baseline,
        _BEHAVIOURS.get(weeks[0].statistic, _durations)(weeks, baseline),
        control_chart.shift(seen, baseline),
        change if change and change.p < LIKELY else None,
        control_chart.theil_sen(seen),
        starts=sum(1 for week in weeks if week.period and week.period < starts),
    )


def _enough(week: Value) -> bool:
    """The median of two or three is as wild as they are."""
    return week.n >= SOME or week.spread is None


def _baseline(weeks: Sequence[Value], turn: datetime) -> int:
    """The weeks before the half-year; where they are too few, at most half a year and half of what there is."""
    before = sum(1 for week in weeks if week.period and week.period < turn)
    return before if before >= ENOUGH else max(ENOUGH, min(BASELINE, len(weeks) // 2))


def _linear(weeks: Sequence[Value], baseline: int) -> Behaviour | None:
    return control_chart.behaviour([week.value or 0.0 for week in weeks], baseline)


def _durations(weeks: Sequence[Value], baseline: int) -> Behaviour | None:
    """Times scatter by ratios; a week of none at all has no logarithm."""
    seen = [week.value or 0.0 for week in weeks]
    return control_chart.behaviour(seen, baseline, log=min(seen) > 0)


def _shares(weeks: Sequence[Value], baseline: int) -> Behaviour | None:
    cases = [round((week.value or 0.0) * week.n) for week in weeks]
    return control_chart.shares(cases, [week.n for week in weeks], baseline)


_BEHAVIOURS: dict[str, Callable[[Sequence[Value], int], Behaviour | None]] = {
    "count": _linear,
    "days": _linear,
    "share": _shares,
}
