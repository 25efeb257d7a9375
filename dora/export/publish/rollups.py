"""Roll-ups: every metric of the organisation, each team and each application, by day, by week and over recent windows.

The SQL of other tools has no Kaplan–Meier median, and roll-ups are never averages of roll-ups, so the numbers come from
the query path of ``dora show``: a row has what one of its lines has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from dora import periods
from dora.api import Delivery
from dora.query.metric import compute_metric
from dora.query.plan import SPREAD
from dora.query.value import EVERYTHING, By, Scope, Value
from dora.sql.catalog import Metric, metrics
from dora.sql.tables import PublishedTable

DAYS = 400  # of the roll-up by day; weeks and windows are of all history
QUANTILES = ("p75", "p90")  # of durations and sizes, beside the statistic of the metric
APPLICATIONS_AT_ONCE = 100  # whose values are in memory together
OWNERS: Mapping[str, By | None] = {"organisation": None, "team": "team", "application": "application"}
WINDOWS = ("30d", "90d", "1y", periods.ALL)
KEYS = {"metric": "VARCHAR", "statistic": "VARCHAR", "owner": "VARCHAR", "name": "VARCHAR"}
NUMBERS = {
    "value": "DOUBLE", "low": "DOUBLE", "high": "DOUBLE", "unit": "VARCHAR", "n": "BIGINT", "open": "BIGINT",
    "total": "DOUBLE", "days": "DOUBLE", "partial": "BOOLEAN", "incomplete": "VARCHAR", "reason": "VARCHAR",
    "as_of": "TIMESTAMP",
}  # fmt: skip
MEANINGS = {
    "statistic": "How observations make the value: count, days, share, median, plain_median, p75 or p90.",
    "owner": "Whose number it is: organisation, team or application.",
    "name": "Name of the team or application; empty for the organisation.",
    "total": "Sum of the values of the n observations; of a share how many of them are cases.",
    "days": "On how many days it was observed: what a rate is divided by.",
    "reason": "Why there is no value.",
}


@dataclass(frozen=True)
class Rollup:
    """One table of roll-ups: ``windows`` as ``--since`` takes them, each as one value or ``every`` day or week."""

    table: PublishedTable
    every: periods.Grain | None
    windows: tuple[str, ...]
    statistics: tuple[str, ...]

    @property
    def types(self) -> dict[str, str]:
        """The SQL type of each column."""
        return KEYS | ({"period": "DATE"} if self.every else {"window_name": "VARCHAR"}) | NUMBERS

    def rows(self, delivery: Delivery, scope: Scope = EVERYTHING) -> Iterator[dict[str, Any]]:
        """Yield the rows of a scope; a period in which nothing was observed has none."""
        for window in self.windows:
            in_window = scope if window == periods.ALL else replace(scope, since=_start(delivery, window))
            for metric in metrics().values():
                for statistic in (metric.statistic, *(self.statistics if metric.statistic in SPREAD else ())):
                    for value in _values(delivery, metric, replace(in_window, every=self.every, statistic=statistic)):
                        yield _to_row(*value, {} if self.every else {"window_name": window})


def _describe(name: str, span: str, key: str, example: str, **columns: str) -> PublishedTable:
    grain = f"One row is one statistic of one metric of the organisation, one team or one application {span}."
    return PublishedTable(name, grain, [*KEYS, key], example, columns=MEANINGS | columns)


DAILY = Rollup(
    _describe(
        "daily_metrics", f"on one local day of the last {DAYS}", "period",
        "SELECT period, sum(n) AS deployments FROM daily_metrics"
        " WHERE metric = 'deployment_frequency' AND owner = 'team' GROUP BY period ORDER BY period",
        period="The local day.",
    ),
    "day", (f"{DAYS}d",), (),
)  # fmt: skip
WEEKLY = Rollup(
    _describe(
        "weekly_metrics", "in one local week", "period",
        "SELECT period, value, low, high FROM weekly_metrics"
        " WHERE metric = 'lead_time' AND statistic = 'median' AND owner = 'organisation' ORDER BY period",
    ),
    "week", (periods.ALL,), QUANTILES,
)  # fmt: skip
RECENT = Rollup(
    _describe(
        "window_metrics", "over one window until the end of the data", "window_name",
        "SELECT name, value, low, high, n FROM window_metrics"
        " WHERE metric = 'change_failure_rate' AND owner = 'team' AND window_name = '90d' ORDER BY name",
        window_name=f"The window, as --since takes it: {', '.join(WINDOWS[:-1])} or {WINDOWS[-1]}.",
    ),
    None, WINDOWS, QUANTILES,
)  # fmt: skip
ROLLUPS = (DAILY, WEEKLY, RECENT)


def _start(delivery: Delivery, window: str) -> str:
    """Return a window as a scope takes it; days before the end of the data as a date, so that no day is cut."""
    about = delivery.about()
    if window != f"{DAYS}d" or not about["as_of"]:
        return window
    return f"{periods.to_local(about['as_of'], about['timezone']) - timedelta(days=DAYS):%Y-%m-%d}"


def _values(delivery: Delivery, metric: Metric, scope: Scope) -> Iterator[tuple[str, Value]]:
    """Yield the values of a metric in a scope with their owner."""
    for owner, by in OWNERS.items():
        for part in _parts(delivery, replace(scope, by=by)):
            for value in compute_metric(delivery.connection(), metric.name, part, only_observed=True):
                is_known = value.n or value.open or value.excluded or value.value is not None
                if is_known and (by is None or value.group is not None):
                    yield owner, value


def _parts(delivery: Delivery, scope: Scope) -> Iterator[Scope]:
    """Yield a scope, by application as scopes of some of them: ten thousand by day would be gigabytes of values."""
    if scope.by != "application":
        yield scope
        return
    names = scope.applications or [
        row["application"] for row in delivery.sql("SELECT DISTINCT application FROM memberships ORDER BY application")
    ]
    for start in range(0, len(names), APPLICATIONS_AT_ONCE):
        yield replace(scope, applications=tuple(names[start : start + APPLICATIONS_AT_ONCE]))


def _to_row(owner: str, value: Value, window: dict[str, str]) -> dict[str, Any]:
    keys = {"metric": value.metric, "statistic": value.statistic, "owner": owner, "name": value.group or ""}
    period = {"period": value.period.date()} if value.period else window
    reason = None if value.value is not None else value.reason or "no data"
    return keys | period | {name: getattr(value, name) for name in NUMBERS} | {"reason": reason}
