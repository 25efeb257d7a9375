"""The public interface: one build, opened read-only, with every number and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from os import PathLike
from typing import TYPE_CHECKING, ClassVar, Literal, Unpack

from dora import periods
from dora.analysis import (
    denominators,
    goals,
    period_comparison,
    speed_and_safety,
    survey_position,
    weekly_signals,
)
from dora.analysis.brief.brief import PREVIOUS, Brief, write_brief
from dora.analysis.brief.claims import ReadSignals
from dora.analysis.period_comparison import (
    DIMENSIONS,
    KEY_METRICS,
    MetricChange,
    judge_changes,
    significant_changes,
)
from dora.api.build import find_build
from dora.api.keywords import Grouping, Moment, Window, read_moment, takes
from dora.api.lists import Lists
from dora.api.result import Result, Results
from dora.periods import WINDOWS, Grain, calendar_window
from dora.query import metric as query
from dora.query.rows import Rows
from dora.query.value import EVERYTHING, By, ReadValues, Scope
from dora.render import text
from dora.render.charts import enable_svg_charts
from dora.sql import catalog

if TYPE_CHECKING:
    from dora.analysis.canaries.canary_summary import Canaries


class Delivery(Lists):
    """One build of dora.duckdb, read-only.

    ``key_metrics`` are the metrics of the overview, in its order; ``dimensions`` are DORA's own, throughput and
    instability, with their metrics; ``windows`` are the words for windows that pages and commands share, and
    ``calendar_window`` cuts the quarters and years among them; ``short_versions`` writes versions for people.
    For notebooks ``round_rows`` rounds rows and ``enable_svg_charts`` shows charts as pictures.
    """

    key_metrics: ClassVar[tuple[str, ...]] = KEY_METRICS
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = DIMENSIONS
    windows: ClassVar[tuple[str, ...]] = WINDOWS
    calendar_window = staticmethod(calendar_window)
    short_versions = staticmethod(text.short_versions)
    enable_svg_charts = staticmethod(enable_svg_charts)

    @takes(Grouping)
    def metric(self, name: str, *, scope: Scope = EVERYTHING, **_words: Unpack[Grouping]) -> Result:
        """Return a metric: ``metric("lead_time", since="30d", team="payments").value``.

        ``since`` and ``until`` (not included) are ages (``"30d"``), dates, pandas timestamps or words such as ``"last
        quarter"``; ``application`` and ``team`` one name or several; ``by`` and ``every`` give a value for each
        application or team, day, week or month; ``statistic`` replaces the metric's own: ``"p90"``, ``"mean"``.
        Raises ``UsageError`` for anything that does not exist, with the nearest that does.
        """
        return self.values(name, scope)

    @takes(Grouping)
    def metrics(self, *, scope: Scope = EVERYTHING, **_words: Unpack[Grouping]) -> Results:
        """Return every metric in a scope, by name: ``metrics(since="30d")["lead_time"].value``."""
        return Results({name: self.values(name, scope) for name in catalog.metrics()})

    @takes(Grouping)
    def values(self, name: str, scope: Scope = EVERYTHING, **_words: Unpack[Grouping]) -> Result:
        """Return a metric's values in a scope, as ``metric`` does."""
        return Result(query.compute_metric(self.connection(), name, scope), scope, self)

    @takes(Window)
    def denominators(
        self,
        scope: Scope = EVERYTHING,
        names: Sequence[str] | None = None,
        **_words: Unpack[Window],
    ) -> list[denominators.DenominatorStep]:
        """Return how the denominators of metrics (default: all) add up, from all observations of a scope on."""
        return denominators.explain_denominators(self.connection(), scope, names)

    @takes(Window)
    def speed_and_safety(self, scope: Scope = EVERYTHING, **_words: Unpack[Window]) -> speed_and_safety.SpeedAndSafety:
        """Return whether deploying more often goes with smaller and safer changes: figures, chart rows, sentences."""
        return speed_and_safety.measure_speed_and_safety(self.connection(), scope)

    @takes(Window)
    def canaries(self, scope: Scope = EVERYTHING, limit: int | None = None, **_words: Unpack[Window]) -> Canaries:
        """Return how well the canaries of a scope predict failures, what they cost and cover; with ``sentences``.

        Its rows are the latest ``limit`` canaries.
        """
        from dora.analysis.canaries import canaries  # noqa: PLC0415 - which other commands do not need

        return canaries.summarise_canaries(self.connection(), scope, limit)

    @takes(Grouping)
    def compare(
        self,
        name: str,
        scope: Scope = EVERYTHING,
        read_values: ReadValues | None = None,
        split_at: Moment | None = None,
        **_words: Unpack[Grouping],
    ) -> list[period_comparison.PeriodComparison]:
        """Compare each group's value in a scope's window to the equal window before it, with the verdict.

        With ``split_at``, a moment within the window, its part from then on is compared with the part before.
        ``read_values`` replaces ``self.values``, for callers that hold values already.
        """
        moment = read_moment("split_at", split_at)
        return period_comparison.compare_periods(self.connection(), name, scope, read_values, moment)

    @takes(Window)
    def previous_scope(self, scope: Scope = EVERYTHING, **_words: Unpack[Window]) -> Scope:
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

    @takes(Window)
    def brief(
        self,
        scope: Scope = EVERYTHING,
        earlier: Scope | Literal["previous"] | None = PREVIOUS,
        read_values: ReadValues | None = None,
        read_signals: ReadSignals | None = None,
        **_words: Unpack[Window],
    ) -> Brief:
        """Return at most three significant sentences about a scope, ranked, and its scorecard of teams by key metrics.

        Moves are measured from ``earlier``, by default from the equal period before. ``read_values`` and
        ``read_signals`` replace ``self.values`` and ``self.signals``, for callers that hold values already.
        """
        return write_brief(self.connection(), scope, earlier, read_values, read_signals)

    @takes(Grouping)
    def signals(
        self, name: str, scope: Scope = EVERYTHING, **_words: Unpack[Grouping]
    ) -> list[weekly_signals.WeeklySeries]:
        """Return each group's complete weeks with control limits and trend alerts."""
        return weekly_signals.find_signals(self.connection(), name, scope)

    @takes(Grouping)
    def benchmark(
        self, year: int, scope: Scope = EVERYTHING, **_words: Unpack[Grouping]
    ) -> list[survey_position.SurveyPosition]:
        """Return the position of each number among the answers of a year's survey, with its probability."""
        return survey_position.estimate_tiers(self.connection(), year, scope)

    @takes(Grouping)
    def goals(self, scope: Scope = EVERYTHING, **_words: Unpack[Grouping]) -> list[goals.GoalResult]:
        """Return the goals of dora.toml that concern a scope, each with its value and whether it is met."""
        return goals.evaluate_goals(self.connection(), scope)

    @takes(Grouping)
    def curve(self, name: str, scope: Scope = EVERYTHING, **_words: Unpack[Grouping]) -> Rows:
        """Return the Kaplan–Meier curve of a duration: ``value``, the share ``left`` after it, ``low`` and ``high``."""
        return query.survival_curve(self.connection(), name, scope)

    def period(self, moment: str, every: Grain, window: Scope = EVERYTHING) -> tuple[str, str]:
        """Return the part in a window of the local day, week or month around a moment, as ``since`` and ``until``."""
        about = self.about()
        start = periods.parse_moment(moment, about["timezone"], about["as_of"])
        period = next(periods.split(periods.Period(start, start + timedelta(microseconds=1)), every))
        since, until = periods.parse_window(window.since, window.until, about["timezone"], about["as_of"])
        part = period.intersection(periods.Period(since or period.start, until or period.end))
        return part.start.isoformat(), part.end.isoformat()


def open(path: str | PathLike[str] | None = None, memory: str | None = None) -> Delivery:
    """Open a build, by default the one that ``dora show`` reads: that of dora.toml, else data/dora.duckdb.

    Its queries may use so much ``memory`` together (``1GB``). Use it in a ``with`` block, or ``close`` it. Raises
    ``UsageError`` if there is no build.
    """
    return Delivery(find_build(path), memory)
