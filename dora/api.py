"""What ``import dora`` opens: one build, read-only, with every number and the rows behind it."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dora import periods
from dora.analysis import audit, period_comparison, rollbacks, speed_and_safety, survey_position, weekly_signals
from dora.analysis.significant_changes import MetricChange, ReadValues, significant_changes
from dora.errors import DoraError
from dora.periods import Grain
from dora.query.groups import validate_names
from dora.query.lists import list_rows
from dora.query.metric import (
    build_info,
    compute_metric,
    data_age,
    definitions_in_force,
    explain_metric,
    list_observations,
    query_observations,
    survival_curve,
)
from dora.query.value import EVERYTHING, By, Scope, Spread, Value
from dora.storage import database

if TYPE_CHECKING:
    import pandas as pd

    from dora.analysis.canary_summary import Canaries

Where = Mapping[str, str | Sequence[str]]
FILTERS = ("application", "team")
CHARTS = "delivery_metrics.charts"


@dataclass(frozen=True)
class Result:
    """The values of one metric in one scope, and the way down to their rows."""

    rows: list[Value]
    scope: Scope
    _delivery: Delivery

    def __iter__(self) -> Iterator[Value]:
        return iter(self.rows)

    def dicts(self) -> list[dict[str, Any]]:
        """One flat dictionary a value, as ``dora show --json`` prints it."""
        return [as_dict(value, self.scope.by) for value in self.rows]

    def df(self) -> pd.DataFrame:
        """The same as a pandas frame, one row a value."""
        import pandas as pd  # noqa: PLC0415 - a second that commands need not pay

        return pd.DataFrame(self.dicts())

    def chart(self) -> Any:
        """The same as an Altair chart with intervals, by the first entry point of ``delivery_metrics.charts``.

        Raises ``DoraError`` where none is installed.
        """
        found = metadata.entry_points(group=CHARTS)
        if not found:
            raise DoraError("Nothing that draws charts is installed.", "install delivery-metrics again.")
        return next(iter(found)).load()(self.rows)

    def explain(self) -> list[dict[str, Any]]:
        """The rows behind these values, with what is known of each."""
        return explain_metric(self._delivery.connection(), self.rows[0].metric, self.scope) if self.rows else []


class Delivery:
    """One build of dora.duckdb, read-only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = database.open_build(path)

    def connection(self) -> database.Connection:
        """A connection of its own for this call, so that threads do not meet."""
        cursor = self._connection.cursor()
        cursor.execute("USE dora")
        return cursor

    def metric(  # noqa: PLR0913 - each is one question a person asks
        self,
        name: str,
        *,
        by: By | None = None,
        every: Grain | None = None,
        since: str | None = None,
        until: str | None = None,
        where: Where | None = None,
        statistic: str | None = None,
    ) -> Result:
        """A metric's values; raises ``UsageError`` for anything that does not exist.

        ``where`` names applications or teams: ``{"team": "payments", "application": ["ledger", "payout"]}``;
        ``statistic`` asks for another than the metric's own: ``"p90"``, ``"mean"``.
        """
        applications, teams = (_named(where or {}, name) for name in FILTERS)
        return self.values(name, Scope(since, until, by, every, applications, teams, statistic))

    def values(self, name: str, scope: Scope = EVERYTHING) -> Result:
        """A metric's values in a scope; raises ``UsageError`` for anything that does not exist."""
        return Result(compute_metric(self.connection(), name, scope), scope, self)

    def observations(self, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """The observations behind a metric, excluded ones with their reason."""
        return list_observations(self.connection(), name, scope)

    def explain(self, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """The observations with what is known of each subject: people, times, evidence, links."""
        return explain_metric(self.connection(), name, scope)

    def query_observations(
        self,
        name: str,
        scope: Scope,
        text: str,
        parameters: builtins.tuple[object, ...] = (),
    ) -> list[dict[str, Any]]:
        """The rows of a SELECT over the observations behind a metric: ``$observations`` stands for them, once.

        They have application, happened_at, subject, value, censored, excluded, grp and period.
        """
        return query_observations(self.connection(), name, scope, text, parameters)

    def speed_and_safety(self, scope: Scope = EVERYTHING) -> speed_and_safety.SpeedAndSafety:
        """Whether deploying more often goes with smaller and safer changes: figures, rows to draw, readings."""
        return speed_and_safety.measure_speed_and_safety(self.connection(), scope)

    def list_rows(self, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """The rows of a list in a scope, the latest first; ``change_timeline`` holds one row per change."""
        return list_rows(self.connection(), name, scope)

    def canaries(self, scope: Scope = EVERYTHING) -> Canaries:
        """What the canaries of a scope are worth, cost and cover; its ``sentences`` say so in words."""
        from dora.analysis import canaries  # noqa: PLC0415 - numpy, which other commands need not pay for

        return canaries.summarise_canaries(self.connection(), scope)

    def audit(self, scope: Scope = EVERYTHING) -> audit.AuditTrail:
        """Every change of production in a scope with the people behind it, and what stands out."""
        return audit.read_audit_trail(self.connection(), scope)

    def rollbacks(self, scope: Scope = EVERYTHING) -> rollbacks.Rollbacks:
        """The rollbacks of a scope, or the zero with what it rests on; its ``sentences`` say so in words."""
        return rollbacks.list_rollbacks(self.connection(), scope)

    def compare(self, name: str, scope: Scope = EVERYTHING) -> list[period_comparison.PeriodComparison]:
        """Each group's value in a scope's window against the equal window before it."""
        return period_comparison.compare_periods(self.connection(), name, scope)

    def significant_changes(
        self, scope: Scope, earlier: Scope, by: By = "team", read_values: ReadValues | None = None
    ) -> list[MetricChange]:
        """Every key metric in a scope against an earlier one, in total and by group, with what is significant.

        ``read_values`` replaces ``self.values``, for callers that hold values already.
        """
        return significant_changes(read_values or self.values, scope, earlier, by)

    def signals(self, name: str, scope: Scope = EVERYTHING) -> list[weekly_signals.WeeklySeries]:
        """Each group's whole weeks with the limits of their noise, and what is beyond it."""
        return weekly_signals.find_signals(self.connection(), name, scope)

    def benchmark(self, year: int, scope: Scope = EVERYTHING) -> list[survey_position.SurveyPosition]:
        """Where the numbers stand among the answers of a year's survey, with the probability."""
        return survey_position.estimate_tiers(self.connection(), year, scope)

    def curve(self, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """The Kaplan–Meier curve of a duration: ``value``, the share ``left`` after it, ``low`` and ``high``."""
        return survival_curve(self.connection(), name, scope)

    def definitions(self, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """The definitions in force that shaped a metric in a scope: key, value, description, applications."""
        return definitions_in_force(self.connection(), name, scope)

    def sql(self, text: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """Rows of any SELECT over the build's tables; it can change nothing and read no other file."""
        cursor = self.connection().execute(text, parameters or [])
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def about(self) -> dict[str, Any]:
        """as_of, built_at, timezone, stale_after_hours, version, engine and layout of the build."""
        return build_info(self.connection())

    def age(self) -> timedelta | None:
        """How old the data is by this machine's clock; null where there is none."""
        return data_age(self.connection())

    def period(self, moment: str, every: Grain) -> tuple[str, str]:
        """The whole local day, week or month around a moment, as ``since`` and ``until`` take it."""
        about = self.about()
        start = periods.parse_moment(moment, about["timezone"], about["as_of"])
        whole = next(periods.split(periods.Period(start, start + timedelta(microseconds=1)), every))
        return whole.start.isoformat(), whole.end.isoformat()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _named(where: Where, name: str) -> builtins.tuple[str, ...]:
    """The names that a filter asks for; raises ``UsageError`` where the filter has any other word."""
    validate_names(where, FILTERS, "filter")
    given = where.get(name, ())
    return (given,) if isinstance(given, str) else builtins.tuple(given)


def open(path: str | Path = "data/dora.duckdb") -> Delivery:
    """Open a build. Raises ``UsageError`` where there is none."""
    return Delivery(Path(path))


def as_dict(value: Value, by: By | None) -> dict[str, Any]:
    """A value as a flat dictionary; the group under its own name, the period as its first local day."""
    flat = asdict(value)
    group, period = flat.pop("group"), flat.pop("period")
    named: dict[str, Any] = {by: group} if by else {}
    flat |= flat.pop("spread") or asdict(Spread())
    if period is not None:
        named["period"] = f"{period:%Y-%m-%d}"
    flat["as_of"] = f"{value.as_of.isoformat()}Z" if value.as_of else None
    return {"metric": flat.pop("metric"), **named, **flat}
