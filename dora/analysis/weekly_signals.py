"""Control charts of a metric's complete weeks: control limits, trend alerts, lasting shifts and change points."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import dropwhile
from operator import attrgetter
from statistics import median
from typing import Any

from dora import periods
from dora.query.metric import build_info, compute_metric
from dora.query.value import ROUNDING, Move, ReadValues, Scope, Value, Verdict, judge_moves
from dora.sql import catalog
from dora.statistics import control_chart
from dora.statistics.control_chart import ENOUGH, Behaviour, Change
from dora.storage.database import Connection

BASELINE = 26  # weeks: control limits come from them and are then fixed
MAX_P = 0.05  # of a change point
MIN_OBSERVATIONS = 5  # in a week of durations: the median of two or three varies as much as they do


@dataclass(frozen=True, slots=True)
class TrendAlert:
    """Consecutive weeks that chance does not explain: index of the first and the last, and the rule they meet.

    weak     chance alone raises such an alert once or twice a year
    lasting  it holds for all weeks from the first one on
    usual    the centre line, in the metric's unit; null without one
    now      the median of its weeks
    weeks    how many these are
    verdict  whether that is better or worse, by the metric's direction; too small to matter below ``relevant_change``
    """

    first: int
    last: int
    text: str
    weak: bool = False
    lasting: bool = False
    usual: float | None = None
    now: float | None = None
    weeks: int = 1
    verdict: Verdict = "not significant"

    @property
    def matters(self) -> bool:
        """Whether it is no false alarm of chance, and better or worse: pages and the report show these alone."""
        return not self.weak and self.verdict in ("better", "worse")


@dataclass(frozen=True, slots=True)
class WeeklySeries:
    """One group's complete weeks of a metric that have a value, in order, with control limits and alerts.

    behaviour   control limits from the first ``baseline`` weeks, and the weeks that break a rule
    shifted     index of the week by which a lasting shift is certain
    change      the most likely change point, if its p is below 5 %
    slope       change per week, with its 95 % limits
    starts      index of the first week in the scope's window; the weeks before it are there for the limits

    With fewer than ten weeks these are null, and ``reason`` says why.
    """

    metric: str
    group: str | None
    weeks: list[Value]
    baseline: int = 0
    behaviour: Behaviour | None = None
    shifted: int | None = None
    change: Change | None = None
    slope: tuple[float, float, float] | None = None
    reason: str | None = None
    starts: int = 0

    @property
    def alerts(self) -> list[TrendAlert]:
        """The alerts in the window, the latest first; consecutive weeks that meet one rule are one alert."""
        alerts = []
        for signal in self.behaviour.signals if self.behaviour else []:
            text = signal.rule.describe(signal.direction)
            alerts.append(TrendAlert(signal.index, signal.index, text, signal.rule.weak))
        if self.shifted is not None:
            alerts.append(TrendAlert(self.shifted, self.shifted, "lasting shift", lasting=True))
        if self.change is not None:
            text = f"most likely change point (p = {self.change.p:.2g})"
            alerts.append(TrendAlert(self.change.index, self.change.index, text, lasting=True))
        in_window = [self._judge(alert) for alert in _join_weeks(alerts) if alert.last >= self.starts]
        return sorted(in_window, key=attrgetter("last", "first"), reverse=True)

    def _judge(self, alert: TrendAlert) -> TrendAlert:
        """Return an alert with what is usual, what its weeks are, and the verdict on the difference."""
        weeks = self.weeks[alert.first : None if alert.lasting else alert.last + 1]
        now = median(week.value or 0.0 for week in weeks)
        usual = self.behaviour.centre if self.behaviour else None
        alert = replace(alert, usual=usual, now=now, weeks=len(weeks))
        if usual is None:
            return alert
        # The chart has tested the weeks: whether they matter is for the verdict.
        texts = [weeks[0].text_of(amount) for amount in (usual, now)]
        size = abs(now - usual) / (1.0 if weeks[0].statistic == "share" else usual or math.nan)
        relevant = not size < weeks[0].relevant_change - ROUNDING
        direction = 0 if texts[0] == texts[1] else 1 if now > usual else -1
        move = Move(" → ".join(texts), direction, significant=True, p=0.0, relevant=relevant)
        return replace(alert, verdict=judge_moves([(move, catalog.metric(self.metric).better)])[0])

    def describe(self, alert: TrendAlert) -> dict[str, Any]:
        """Return the columns of an alert as pages, the report and the command show them."""
        week = self.weeks[alert.first]
        return {
            "metric": catalog.metric(self.metric).title, "group": self.group,
            "from week": f"{week.period:%Y-%m-%d}", "weeks": alert.weeks, "alert": alert.text,
            "usual": week.text_of(alert.usual), "now": week.text_of(alert.now), "assessment": alert.verdict,
        }  # fmt: skip


def _join_weeks(alerts: Iterable[TrendAlert]) -> list[TrendAlert]:
    joined: list[TrendAlert] = []
    for alert in sorted(alerts, key=attrgetter("text", "first")):
        if joined and joined[-1].text == alert.text and joined[-1].last == alert.first - 1:
            joined[-1] = replace(joined[-1], last=alert.last)
        else:
            joined.append(alert)
    return joined


def find_signals(con: Connection, name: str, scope: Scope, read_values: ReadValues | None = None) -> list[WeeklySeries]:
    """Return each group's series up to the end of a scope's window, with the alerts in the window.

    ``read_values`` replaces ``compute_metric``, for callers that hold values already. Raises ``UsageError`` for an
    unknown metric, application or team, or an invalid date.
    """
    about = build_info(con)
    start, half_year = datetime.min, datetime.min
    from_week = None
    since, until = periods.parse_window(scope.since, scope.until, about["timezone"], about["as_of"])
    if since:
        # Limits come from the half-year before the one in which the window begins. Limits of the window itself would
        # move with it every day, and would absorb the shift that they are meant to show.
        start = since
        first = datetime(start.year, 1 if start.month < 7 else 7, 1)
        half_year = first + timedelta(days=-first.weekday() % 7)  # its first Monday
        from_week = (half_year - timedelta(weeks=BASELINE)).isoformat()
    end = until.isoformat() if until else None
    read = read_values or partial(compute_metric, con)
    values = read(name, replace(scope, every="week", since=from_week, until=end))
    by_group: dict[str | None, list[Value]] = {}
    for value in values:
        by_group.setdefault(value.group, []).append(value)
    return [_series(name, group, weeks, start, half_year) for group, weeks in by_group.items()]


def _series(
    name: str, group: str | None, values: Sequence[Value], start: datetime, half_year: datetime
) -> WeeklySeries:
    # Weeks before a group's first observation are not zeros: nothing says that it existed then.
    since_first = dropwhile(lambda value: not value.n, values)
    weeks = [value for value in since_first if not value.partial and value.value is not None]
    weeks = [week for week in weeks if week.spread is None or week.n >= MIN_OBSERVATIONS]
    if len(weeks) < ENOUGH:
        return WeeklySeries(name, group, weeks, reason=f"{len(weeks)} complete weeks; control limits need {ENOUGH}")
    series = [week.value or 0.0 for week in weeks]
    before = sum(1 for week in weeks if week.period and week.period < half_year)
    # With a short history the first half of it sets the limits, so that the second half can break them.
    baseline = before if before >= ENOUGH else max(ENOUGH, min(BASELINE, len(weeks) // 2))
    change = control_chart.pettitt(series)
    return WeeklySeries(
        metric=name,
        group=group,
        weeks=weeks,
        baseline=baseline,
        behaviour=_control_limits(weeks, series, baseline),
        shifted=control_chart.shift(series, baseline),
        change=change if change and change.p < MAX_P else None,
        slope=control_chart.theil_sen(series),
        starts=sum(1 for week in weeks if week.period and week.period < start),
    )


def _control_limits(weeks: Sequence[Value], series: Sequence[float], baseline: int) -> Behaviour | None:
    statistic = weeks[0].statistic
    if statistic == "share":
        cases = [round((week.value or 0.0) * week.n) for week in weeks]
        return control_chart.shares(cases, [week.n for week in weeks], baseline)
    # Durations vary by ratios, so their limits are set on logarithms; a week of 0 has none.
    is_duration = statistic not in ("count", "days")
    return control_chart.behaviour(series, baseline, log=is_duration and min(series) > 0)
