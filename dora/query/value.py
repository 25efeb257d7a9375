"""The question and the answer: a scope, one number with what it rests on, and the move between two numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dora.periods import Grain
from dora.render import text as wording
from dora.statistics.aggregation_effects import discoveries
from dora.statistics.distributions import Z, normal_tail
from dora.statistics.intervals import fisher, newcombe, rate_ratio, trials_to_see

Bounds = tuple[float | None, float | None]
By = Literal["application", "team", "group", "assistance"]
Better = Literal["higher", "lower"]
Verdict = Literal["better", "worse", "not significant", "too small to matter"]
GROUPS: tuple[By, ...] = ("application", "team", "group")
# Who made a change, or what a deployment shipped, by the markers of the definitions; unknown without commits.
ASSISTANCE = ("assisted", "human", "bot", "unknown")
RATES = ("count", "days")  # statistics of events over the days observed
ROUNDING = 1e-9  # 1.1 is 10 % more than 1
MAX_TRIALS = 1_000_000  # a difference that needs more observations than this will never be detected


@dataclass(frozen=True, slots=True)
class Scope:
    """Which observations a number is about, and how they are grouped.

    ``since`` and ``until`` (not included) are read by ``periods.parse_window``; None is an open end. ``teams`` include
    the teams below them: ``platform`` holds ``platform/delivery``. ``statistic`` None is the metric's own; durations
    and sizes have ``median``, ``plain_median``, ``p75``, ``p90`` and ``mean``. ``assistance`` is one of ``ASSISTANCE``.
    """

    since: str | None = None
    until: str | None = None
    by: By | None = None
    every: Grain | None = None
    applications: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    statistic: str | None = None
    assistance: str | None = None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Spread:
    """How durations or sizes are distributed, in the metric's unit; null if more than that are still open.

    ``plain_median`` and ``mean`` leave out what is still open.
    """

    p10: float | None = None
    p25: float | None = None
    p75: float | None = None
    p90: float | None = None
    plain_median: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """The difference of two values: its text and its direction (1 up, -1 down, 0 none).

    It is ``significant`` as a comparison of its own, and ``relevant`` if it is as large as the definitions ask for;
    ``judge_moves`` has the verdict.

    ``low`` and ``high`` are its 95 % confidence interval: of shares a difference, else a ratio; null without a bound.
    ``p`` is two-sided: Fisher's exact one of shares, else derived from the interval. ``needed`` is how many
    observations each side needs to detect this difference of shares with 80 % power; null if it is significant.
    """

    text: str
    direction: int
    significant: bool
    low: float | None = None
    high: float | None = None
    needed: int | None = None
    p: float | None = None
    relevant: bool = True


def judge_moves(moves: Sequence[tuple[Move | None, Better]]) -> list[Verdict]:
    """Return the verdict on each of the moves that are judged together, each with the direction that is better.

    A move is better or worse if it is significant among all of them, at a false discovery rate of 5 % (Benjamini,
    Hochberg 1995: of 100 moves, five of a single test's 5 % would be chance), and relevant.
    """
    p_by_number = {str(number): move.p for number, (move, _) in enumerate(moves) if move and move.p is not None}
    significant = discoveries(p_by_number)
    verdicts: list[Verdict] = []
    for number, (move, better) in enumerate(moves):
        if move is None or not move.significant or not move.direction or str(number) not in significant:
            verdicts.append("not significant")
        elif not move.relevant:
            verdicts.append("too small to matter")
        else:
            verdicts.append("better" if (move.direction > 0) == (better == "higher") else "worse")
    return verdicts


@dataclass(frozen=True, slots=True, repr=False)
class Value:
    """One number of a metric, for one group and period, with what it rests on.

    value, reason        the number in ``unit``, or null and why there is none
    n, open              how many observations count, and how many of these are still open
    total                the sum of their values; of a share how many are cases
    low, high            its 95 % confidence interval; null for an end without a bound
    excluded             how many observations do not count, by reason
    partial, incomplete  whether the period is incomplete, and why
    as_of                up to which instant (UTC) the data is known
    days                 on how many days any application was observed, of ``window_days``
    observed_for_less    the applications that were observed on fewer days, and on how many
    relevant_change      how large a move must be to matter: of a share a difference, else a part of the value before
    scatter              variance over mean of a rate's weekly counts, by which its interval is widened
    spread               quantiles and mean of a duration or size
    earliest, latest     the number if deployments of unknown content shipped all that they may have, and if they
                         shipped none of it; null where there are none, and for no bound
    deployments          how many deployments of new content there were, where the number rests on their commits; of
                         these, ``unknown_commits`` are of an unknown commit and ``off_trunk_commits`` of one off trunk
    """

    metric: str
    group: str | None
    period: datetime | None
    value: float | None
    unit: str
    statistic: str
    n: int
    low: float | None
    high: float | None
    open: int
    excluded: dict[str, int]
    partial: bool
    reason: str | None
    as_of: datetime | None
    incomplete: str | None = None
    total: float = 0.0
    days: float = 0.0
    window_days: float = 0.0
    observed_for_less: dict[str, float] = field(default_factory=dict)
    scatter: float | None = None
    relevant_change: float = 0.0
    spread: Spread | None = None
    earliest: float | None = None
    latest: float | None = None
    deployments: int | None = None
    unknown_commits: int | None = None
    off_trunk_commits: int | None = None

    @property
    def pending(self) -> int:
        """How many of the observations are still open, as ``open``."""
        return self.open

    @property
    def interval(self) -> Bounds:
        """The 95 % confidence interval, ``low`` and ``high``."""
        return self.low, self.high

    def __repr__(self) -> str:
        """The number in one line: ``lead_time 20 min · n = 2,815 · 95 % CI 20–21 min``."""
        keys = [self.metric, self.group, f"{self.period:%Y-%m-%d}" if self.period else None]
        return f"{' '.join(key for key in keys if key)} {self.text} · {self.evidence}"

    @property
    def text(self) -> str:
        """The number with its unit: ``25 min``, or ``–``."""
        return wording.quantity(self.value, self.unit)

    def text_of(self, amount: float | None) -> str:
        """Return another amount in the unit of the number, for example a quantile."""
        return wording.quantity(amount, self.unit)

    @property
    def evidence(self) -> str:
        """The line under the number: ``142 of 1,468 · 95 % CI 8.3–11.3 %``, or the reason why there is none.

        An interval that rounds to the number is left out.
        """
        if self.value is None:
            return self.reason or wording.NOTHING
        cases = _cases(self)[0] if self.statistic == "share" else None
        texts = {wording.quantity(end, self.unit) for end in (self.low, self.high)}
        # "20 min · 95 % CI 20 min" would say nothing.
        limits = "" if texts == {self.text} else wording.interval(self.low, self.high, self.unit)
        return wording.evidence(self.n, cases, limits, self.open, self.observed, self.bounds, self.commits)

    @property
    def bounds(self) -> str:
        """What the number may be where deployments of unknown content may have shipped changes; else nothing."""
        if self.earliest is None and self.latest is None:
            return ""
        ends = [
            wording.quantity(end, self.unit) if end is not None else "no bound" for end in (self.earliest, self.latest)
        ]
        return f"{' to '.join(ends)} with what unknown commits may have shipped"

    @property
    def commits(self) -> str:
        """How many deployments are of an unknown commit or of one off trunk, where the number rests on commits."""
        counts = {"commit unknown": self.unknown_commits, "off trunk": self.off_trunk_commits}
        parts = [f"{name} in {count:,}" for name, count in counts.items() if count]
        return f"{' and '.join(parts)} of {self.deployments:,} deployments" if parts else ""

    @property
    def observed(self) -> str:
        """On how many days a rate was observed where these are fewer than its window, or one of its applications on
        fewer: ``observed on 30 of 90 days``; else nothing.
        """
        if self.statistic not in RATES:
            return ""
        return wording.observed(self.days, self.window_days, self.observed_for_less)

    def compare_to(self, before: Value | None) -> Move | None:
        """Return how it moved from another value of the same metric; None if either is null or incomplete."""
        if before is None or self.value is None or before.value is None or self.incomplete or before.incomplete:
            return None
        share = self.statistic == "share"
        text = _move_text(self, before)
        low, high = (newcombe(_cases(before), _cases(self)) or (None, None)) if share else _ratio_limits(self, before)
        equal = 0.0 if share else 1.0
        significant = (low is not None and low > equal) or (high is not None and high < equal)
        # A move that is zero when printed has no direction, so that no arrow contradicts its text.
        if text.startswith("±"):
            return Move(text, 0, False, low, high, relevant=False)
        direction = 1 if self.value > before.value else -1
        size = abs(self.value - before.value) / (1.0 if share else before.value or math.nan)
        relevant = not size < self.relevant_change - ROUNDING  # nothing to divide by: from zero any move is relevant
        if not share:
            p = ratio_p(self.value, before.value, low if direction > 0 else high)
            return Move(text, direction, significant, low, high, None, p, relevant)
        trials = trials_to_see(before.value, self.value)
        needed = None if significant or (trials or 0) > MAX_TRIALS else trials
        p = fisher(_cases(before), _cases(self))
        return Move(text, direction, significant, low, high, needed, p, relevant)


ReadValues = Callable[[str, Scope], Iterable[Value]]  # a metric's values in a scope, as ``compute_metric`` returns them


def _move_text(now: Value, before: Value) -> str:
    """Format a move: shares in percentage points, all else as a ratio; there is no ratio to zero."""
    new, old = now.value or 0.0, before.value or 0.0
    if now.statistic == "share":
        return f"{wording.signed(100 * (new - old))} points"
    if new == old:
        return "±0 %"
    if old == 0:
        return f"up by {now.text}"
    ratio = new / old
    return f"{wording.signed(100 * (ratio - 1), 0)} %" if ratio < 10 else f"× {ratio:.0f}"


def _cases(value: Value) -> tuple[int, int]:
    return round((value.value or 0.0) * value.n), value.n


def _ratio_limits(now: Value, before: Value) -> Bounds:
    """The limits of a ratio: of two rates the exact ones, widened by their scatter; else from both intervals."""
    if now.statistic != "count":
        return _ratio_of_intervals(now, before)
    low, high = rate_ratio((before.n, before.days), (now.n, now.days))
    if not now.value or not before.value or not low or not high:
        return low, high
    # Quasi-Poisson: a variance that is f times the mean widens limits by the root of f, here on the log scale.
    wider = math.sqrt(max(now.scatter or 1.0, before.scatter or 1.0))
    ratio = now.value / before.value
    return ratio * (low / ratio) ** wider, ratio * (high / ratio) ** wider


def _ratio_of_intervals(now: Value, before: Value) -> Bounds:
    """The limits of a ratio recovered from both values' intervals on the log scale (Zou and Donner 2008).

    An end without a bound, or at zero, excludes nothing.
    """
    ends = (now.low, now.value, now.high, before.low, before.value, before.high)
    logs = [math.log(end) for end in ends if end is not None and end > 0]
    if len(logs) < len(ends):
        return None, None
    new_low, new, new_high, old_low, old, old_high = logs
    low = new - old - math.hypot(new - new_low, old_high - old)
    high = new - old + math.hypot(new_high - new, old - old_low)
    return math.exp(low), math.exp(high)


def ratio_p(new: float, old: float, nearer_limit: float | None) -> float | None:
    """The p of a ratio: its limit nearer to 1 lies ``Z`` standard errors from it on the log scale."""
    if not nearer_limit or not new or not old:
        return None
    ratio = math.log(new / old)
    error = ratio - math.log(nearer_limit)
    return normal_tail(Z * ratio / error) if error else 0.0
