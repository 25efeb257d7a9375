"""The public interface: one build, opened read-only, with every number and the rows behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dora import periods
from dora.analysis import (
    denominators,
    deployment_explanation,
    events,
    goals,
    period_comparison,
    rollbacks,
    speed_and_safety,
    survey_position,
    weekly_signals,
)
from dora.analysis.audit.changes import ChangeFilter, ChangeList, list_changes
from dora.analysis.audit.trail import AuditTrail, read_audit_trail
from dora.analysis.brief.brief import PREVIOUS, Brief, write_brief
from dora.analysis.brief.claims import ReadSignals
from dora.analysis.period_comparison import (
    DIMENSIONS,
    KEY_METRICS,
    MetricChange,
    judge_changes,
    significant_changes,
)
from dora.config.patterns import fold
from dora.periods import WINDOWS, Grain, calendar_window
from dora.query import lists
from dora.query import metric as query
from dora.query.plan import match_names
from dora.query.value import EVERYTHING, By, ReadValues, Scope, Spread, Value
from dora.render import text
from dora.render.charts import enable_svg_charts, load_drawing
from dora.render.table import Table
from dora.storage import database
from dora.storage.build_results import BuildResults
from dora.storage.sql_errors import explain_fault
from dora.storage.time_limit import limit_time, watch

if TYPE_CHECKING:
    import pandas as pd

    from dora.analysis.canaries.canary_summary import Canaries

Where = Mapping[str, str | Sequence[str]]
FILTERS = ("application", "team")


@dataclass(frozen=True)
class Result:
    """The values of one metric in one scope; ``explain`` returns the rows behind them."""

    rows: list[Value]
    scope: Scope
    _delivery: Delivery

    def __iter__(self) -> Iterator[Value]:
        return iter(self.rows)

    def dicts(self) -> list[dict[str, Any]]:
        """Return one flat dictionary per value, as ``dora show --json`` prints it."""
        return [as_dict(value, self.scope.by) for value in self.rows]

    def df(self) -> pd.DataFrame:
        """Return a pandas frame with one row per value."""
        import pandas as pd  # noqa: PLC0415 - takes a second, which commands must not pay

        return pd.DataFrame(self.dicts())

    def chart(self) -> Any:
        """Return an Altair chart with intervals, drawn by the first entry point of ``delivery_metrics.charts``.

        Raises ``DoraError`` if none is installed.
        """
        return load_drawing()(self.rows)

    def explain(self) -> list[dict[str, Any]]:
        """Return the rows behind these values with details of each."""
        return query.explain_metric(self._delivery.connection(), self.rows[0].metric, self.scope) if self.rows else []


class Delivery:
    """One build of dora.duckdb, read-only.

    ``key_metrics`` are the metrics of the overview, in its order; ``dimensions`` are DORA's own, throughput and
    instability, with their metrics; ``windows`` are the words for windows that pages and commands share, and
    ``calendar_window`` cuts the quarters and years among them; ``short_versions`` writes versions for people.
    For notebooks ``table`` rounds rows and ``enable_svg_charts`` shows charts as pictures.
    """

    key_metrics: ClassVar[tuple[str, ...]] = KEY_METRICS
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = DIMENSIONS
    windows: ClassVar[tuple[str, ...]] = WINDOWS
    calendar_window = staticmethod(calendar_window)
    short_versions = staticmethod(text.short_versions)
    table = staticmethod(Table)
    enable_svg_charts = staticmethod(enable_svg_charts)

    def __init__(self, path: Path, memory: str | None = None) -> None:
        self.path = path
        self._connection = database.open_build(path, memory=memory)
        self._results = BuildResults()

    def connection(self) -> database.Connection:
        """Return a new connection, so that threads do not share one."""
        cursor = self._connection.cursor()
        cursor.execute("USE dora")  # a cursor does not inherit USE from its connection
        return self._results.share(watch(cursor))

    @staticmethod
    @contextmanager
    def limited(seconds: float) -> Iterator[None]:
        """Run a block whose queries may take so many seconds together.

        Raises ``DoraError`` if they take longer, or if memory, the system or a damaged file ends them.
        """
        try:
            with limit_time(seconds):
                yield
        except Exception as error:
            explained = explain_fault(error)
            if explained is None:
                raise
            raise explained from error

    def metric(  # noqa: PLR0913 - keyword arguments, one per part of a scope
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
        """Return a metric's values; raises ``UsageError`` for anything that does not exist.

        ``where`` selects applications or teams: ``{"team": "payments", "application": ["ledger", "payout"]}``;
        ``statistic`` replaces the metric's own: ``"p90"``, ``"mean"``. See ``Scope`` for the rest.
        """
        filters = {fold(key): names for key, names in (where or {}).items()}
        match_names(filters, {name: name for name in FILTERS}, "filter")
        names = [filters.get(key, ()) for key in FILTERS]
        applications, teams = ((name,) if isinstance(name, str) else tuple(name) for name in names)
        return self.values(name, Scope(since, until, by, every, applications, teams, statistic))

    def values(self, name: str, scope: Scope = EVERYTHING) -> Result:
        """Return a metric's values in a scope; raises ``UsageError`` for anything that does not exist."""
        return Result(query.compute_metric(self.connection(), name, scope), scope, self)

    def observations(self, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """Return the observations behind a metric, excluded ones with their reason."""
        return query.list_observations(self.connection(), name, scope)

    def explain(self, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """Return the observations with details of each subject: people, times, evidence, links."""
        return query.explain_metric(self.connection(), name, scope)

    def query_observations(
        self, name: str, scope: Scope, sql: str, parameters: Sequence[object] = ()
    ) -> list[dict[str, Any]]:
        """Return the rows of a SELECT over the observations behind a metric, for which ``$observations`` stands, once.

        Their columns are application, happened_at, subject, value, censored, excluded, team, grp and period.
        """
        return query.query_observations(self.connection(), name, scope, sql, parameters)

    def denominators(
        self, scope: Scope = EVERYTHING, names: Sequence[str] | None = None
    ) -> list[denominators.DenominatorStep]:
        """Return how the denominators of metrics (default: all) add up, from all observations of a scope on."""
        return denominators.explain_denominators(self.connection(), scope, names)

    def speed_and_safety(self, scope: Scope = EVERYTHING) -> speed_and_safety.SpeedAndSafety:
        """Return whether deploying more often goes with smaller and safer changes: figures, chart rows, sentences."""
        return speed_and_safety.measure_speed_and_safety(self.connection(), scope)

    def list_rows(self, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """Return the rows of a list in a scope, the latest first; ``change_timeline`` has one row per change."""
        return lists.list_rows(self.connection(), name, scope)

    def events(self, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """Return the noted events that concern a scope and overlap its window, the latest first.

        ``happened_at`` and ``until`` are UTC; applications and teams are empty for the whole organisation.
        """
        return events.list_events(self.connection(), scope)

    def event_day(self, event_id: str) -> str:
        """Return the local day of a noted event as ISO 8601; raises ``UsageError`` if there is none with this id."""
        return events.find_day(self.connection(), event_id)

    def canaries(self, scope: Scope = EVERYTHING) -> Canaries:
        """Return how well the canaries of a scope predict failures, what they cost and cover; with ``sentences``."""
        from dora.analysis.canaries import canaries  # noqa: PLC0415 - which other commands do not need

        return canaries.summarise_canaries(self.connection(), scope)

    def audit(self, scope: Scope = EVERYTHING, exception: str | None = None, limit: int | None = None) -> AuditTrail:
        """Return the audit trail of a scope; its rows are the latest ``limit`` with one exception, if it is named."""
        return read_audit_trail(self.connection(), scope, ChangeFilter(exception), limit)

    def changes(self, scope: Scope = EVERYTHING, limit: int | None = None, **matching: Any) -> ChangeList:
        """Return the latest production changes that match ``exception``, ``hour``, ``search`` of ``ChangeFilter``."""
        return list_changes(self.connection(), scope, ChangeFilter(**matching), limit)

    def analyse(self, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """Return the rows of an analysis in a scope, such as ``changes_by_hour`` or ``approval_waits``."""
        return lists.run_analysis(self.connection(), name, scope)

    def rollbacks(self, scope: Scope = EVERYTHING) -> rollbacks.Rollbacks:
        """Return the rollbacks of a scope with their coverage, in rows and ``sentences``."""
        return rollbacks.list_rollbacks(self.connection(), scope)

    def explain_deployment(self, deployment_id: str) -> deployment_explanation.DeploymentExplanation:
        """Return why a deployment is what it is; raises ``UsageError`` if the id names none, or several."""
        return deployment_explanation.explain_deployment(self.connection(), deployment_id)

    def compare(
        self,
        name: str,
        scope: Scope = EVERYTHING,
        read_values: ReadValues | None = None,
        split_at: str | None = None,
    ) -> list[period_comparison.PeriodComparison]:
        """Compare each group's value in a scope's window to the equal window before it, with the verdict.

        With ``split_at``, a moment within the window, its part from then on is compared with the part before.
        ``read_values`` replaces ``self.values``, for callers that hold values already.
        """
        return period_comparison.compare_periods(self.connection(), name, scope, read_values, split_at)

    def previous_scope(self, scope: Scope) -> Scope:
        """Return the scope of the window before, for comparison; raises ``UsageError`` for a scope without a start."""
        return period_comparison.previous_period(self.connection(), scope)[0]

    def judge_changes(
        self, name: str, scope: Scope, earlier: Scope, read_values: ReadValues | None = None
    ) -> list[MetricChange]:
        """Compare a metric to an earlier scope, for each group, with the verdict on every move."""
        return judge_changes(read_values or self.values, scope, earlier, (name,))

    def significant_changes(
        self, scope: Scope, earlier: Scope, by: By = "team", read_values: ReadValues | None = None
    ) -> list[MetricChange]:
        """Compare every key metric to an earlier scope, in total and by group, with the verdict on every move.

        ``read_values`` replaces ``self.values``, for callers that hold values already.
        """
        return significant_changes(read_values or self.values, scope, earlier, by)

    def brief(
        self,
        scope: Scope = EVERYTHING,
        earlier: Scope | Literal["previous"] | None = PREVIOUS,
        read_values: ReadValues | None = None,
        read_signals: ReadSignals | None = None,
    ) -> Brief:
        """Return at most three significant sentences about a scope, ranked, and its scorecard of teams by key metrics.

        Moves are measured from ``earlier``, by default from the equal period before. ``read_values`` and
        ``read_signals`` replace ``self.values`` and ``self.signals``, for callers that hold values already.
        """
        return write_brief(self.connection(), scope, earlier, read_values, read_signals)

    def signals(self, name: str, scope: Scope = EVERYTHING) -> list[weekly_signals.WeeklySeries]:
        """Return each group's complete weeks with control limits and trend alerts."""
        return weekly_signals.find_signals(self.connection(), name, scope)

    def benchmark(self, year: int, scope: Scope = EVERYTHING) -> list[survey_position.SurveyPosition]:
        """Return the position of each number among the answers of a year's survey, with its probability."""
        return survey_position.estimate_tiers(self.connection(), year, scope)

    def goals(self, scope: Scope = EVERYTHING) -> list[goals.GoalResult]:
        """Return the goals of dora.toml that concern a scope, each with its value and whether it is met."""
        return goals.evaluate_goals(self.connection(), scope)

    def curve(self, name: str, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """Return the Kaplan–Meier curve of a duration: ``value``, the share ``left`` after it, ``low`` and ``high``."""
        return query.survival_curve(self.connection(), name, scope)

    def definitions(self, name: str | None, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """Return the definitions that shaped a metric (all for None) in a scope: key, value, description, count."""
        return query.definitions_in_force(self.connection(), name, scope)

    def sql(self, text: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """Return the rows of any SELECT over the build's tables; it can change nothing and read no other file."""
        return query.fetch_rows(self.connection(), text, parameters or [])

    def about(self) -> dict[str, Any]:
        """Return the build's as_of, built_at, build_id, definitions_hash, timezone, version, layout and so on."""
        return query.build_info(self.connection())

    def age(self) -> timedelta | None:
        """Return how old the data is by this machine's clock; None if there is none."""
        as_of = self.about()["as_of"]
        return datetime.now(UTC).replace(tzinfo=None) - as_of if as_of else None

    def stale_sources(self) -> dict[str, datetime | None]:
        """Return the sources whose data is older than ``stale_after_hours``, with its end in UTC; None if unknown."""
        limit = timedelta(hours=self.about()["stale_after_hours"])
        oldest = datetime.now(UTC).replace(tzinfo=None) - limit
        rows = self.sql(
            "SELECT source, max(as_of) AS as_of FROM loads WHERE finished_at IS NOT NULL GROUP BY source"
            # Notes of people do not age.
            " HAVING max(as_of) IS NOT NULL OR source NOT IN (SELECT source FROM events)"
        )
        return {row["source"]: row["as_of"] for row in rows if row["as_of"] is None or row["as_of"] < oldest}

    def period(self, moment: str, every: Grain, window: Scope = EVERYTHING) -> tuple[str, str]:
        """Return the part in a window of the local day, week or month around a moment, as ``since`` and ``until``."""
        about = self.about()
        start = periods.parse_moment(moment, about["timezone"], about["as_of"])
        period = next(periods.split(periods.Period(start, start + timedelta(microseconds=1)), every))
        since, until = periods.parse_window(window.since, window.until, about["timezone"], about["as_of"])
        part = period.intersection(periods.Period(since or period.start, until or period.end))
        return part.start.isoformat(), part.end.isoformat()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def open(path: str | Path = "data/dora.duckdb", memory: str | None = None) -> Delivery:
    """Open a build, whose queries may use so much memory together (``1GB``); raises ``UsageError`` if there is none."""
    return Delivery(Path(path), memory)


def as_dict(value: Value, by: By | None) -> dict[str, Any]:
    """Return a value as a flat dictionary: the group under the name of ``by``, the period as its first local day."""
    flat = asdict(value)
    group, period = flat.pop("group"), flat.pop("period")
    keys = ({by: group} if by else {}) | ({"period": f"{period:%Y-%m-%d}"} if period else {})
    flat |= flat.pop("spread") or asdict(Spread())
    flat["as_of"] = f"{value.as_of.isoformat()}Z" if value.as_of else None
    return {"metric": flat.pop("metric"), **keys, **flat}
