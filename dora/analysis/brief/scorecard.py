"""The scorecard: teams, or the applications of a team, by the key metrics, each number with its move, goal and tier."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from dora.analysis import goals, survey_position
from dora.analysis.period_comparison import KEY_METRICS, MetricChange
from dora.query.plan import select_applications
from dora.query.value import ReadValues, Scope, Value
from dora.sql import catalog
from dora.storage.database import Connection

SURVEY_YEAR = 2024  # the last survey with tiers
NO_TEAM = "without a team"
Groups = Literal["application", "team"]


@dataclass(frozen=True, slots=True)
class ScorecardCell:
    """One key metric of one group.

    value    the number in the window
    change   its move from the earlier window with the verdict; null without a comparison
    weeks    its complete weeks in the window
    goal     the goal that concerns the group, with its verdict; null without one
    tier     the tier of the survey; null if the survey has none for the metric, or the data is too short
    outlier  whether it is significantly and by far worse than in all other groups together
    """

    value: Value
    change: MetricChange | None
    weeks: list[Value]
    goal: goals.GoalResult | None
    tier: survey_position.SurveyPosition | None
    outlier: bool = False

    @property
    def needs_attention(self) -> bool:
        """Whether it moved for the worse, significantly and relevantly, is an outlier, or misses its goal."""
        is_worse = self.change is not None and self.change.verdict == "worse"
        is_missed = self.goal is not None and self.goal.verdict == "missed"
        return is_worse or is_missed or self.outlier

    def line(self) -> dict[str, Any]:
        """Return the cell as plain data."""
        value = self.value
        return {
            "value": value.value, "unit": value.unit, "n": value.n, "low": value.low, "high": value.high,
            "pending": value.open, "text": value.text, "evidence": value.evidence,
            "change": self.change.move.text if self.change and self.change.move else None,
            "verdict": self.change.verdict if self.change and self.change.move else None,
            "weeks": [{"week": f"{week.period:%Y-%m-%d}", "value": week.value, "n": week.n} for week in self.weeks],
            "goal": self.goal.text if self.goal else None, "goal_verdict": self.goal.verdict if self.goal else None,
            "tier": self.tier.tier if self.tier else None,
            "tier_probability": self.tier.probability if self.tier else None, "outlier": self.outlier,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScorecardRow:
    """The key metrics of one group, by the name of the metric; ``group`` null are applications without a team."""

    group: str | None
    applications: int
    cells: dict[str, ScorecardCell]

    @property
    def name(self) -> str:
        """The group as people read it."""
        return self.group or NO_TEAM


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One row per group; ``by`` says what the groups are, ``metrics`` which columns have a value."""

    by: Groups
    metrics: tuple[str, ...]
    rows: list[ScorecardRow]

    def lines(self) -> list[dict[str, Any]]:
        """Return one row of text per group: value and n, a significant move, a missed goal, outliers."""
        titles = {name: catalog.metrics()[name].title for name in self.metrics}
        return [
            {self.by: row.name} | {titles[name]: _cell_text(row.cells[name]) for name in self.metrics}
            for row in self.rows
        ]

    def plain(self) -> list[dict[str, Any]]:
        """Return one row of plain data per group and metric."""
        return [
            {self.by: row.group, "metric": name, **row.cells[name].line()} for row in self.rows for name in self.metrics
        ]


def _cell_text(cell: ScorecardCell) -> str:
    if cell.value.value is None:
        return cell.value.text
    change = cell.change
    parts = [f"{cell.value.text} (n = {cell.value.n:,})"]
    if change and change.move and change.significant:
        parts.append(f"{change.move.text}, {change.verdict}")
    if cell.goal and cell.goal.verdict == "missed":
        parts.append("goal missed")
    if cell.outlier:
        parts.append("outlier")
    return " · ".join(parts)


def read_scorecard(  # noqa: PLR0913 - what a cell has
    con: Connection,
    scope: Scope,
    by: Groups,
    read_values: ReadValues,
    *,
    changes: Iterable[MetricChange],
    outliers: Collection[tuple[str, str | None]],
) -> Scorecard:
    """Return the scorecard of a scope. ``changes`` are those that ``significant_changes`` returns for its groups.

    ``outliers`` are the metric and group of each cell that is one.

    Groups without any observation in the window are left out, and metrics that no group has.
    """
    grouped = replace(scope, by=by)
    applications, _ = select_applications(con, grouped)
    moves = {(change.now.metric, change.now.group): change for change in changes if not change.total}
    goal_results = {(goal.value.metric, goal.value.group): goal for goal in goals.evaluate_goals(con, grouped)}
    positions = survey_position.estimate_tiers(con, SURVEY_YEAR, grouped)
    tiers = {(position.value.metric, position.value.group): position for position in positions if position.tier}
    cells: dict[str | None, dict[str, ScorecardCell]] = {group: {} for group in applications}
    for name in KEY_METRICS:
        weeks = _complete_weeks(read_values(name, replace(grouped, every="week")))
        for value in read_values(name, grouped):
            key = name, value.group
            cells[value.group][name] = ScorecardCell(
                value,
                moves.get(key),
                weeks.get(value.group, []),
                goal_results.get(key),
                tiers.get(key),
                key in outliers,
            )
    rows = [
        ScorecardRow(group, len(applications[group]), row)
        for group, row in cells.items()
        if any(cell.value.n for cell in row.values())
    ]
    metrics = tuple(name for name in KEY_METRICS if any(row.cells[name].value.value is not None for row in rows))
    return Scorecard(by, metrics, sorted(rows, key=_worst_first))


def _complete_weeks(values: Iterable[Value]) -> dict[str | None, list[Value]]:
    weeks: dict[str | None, list[Value]] = {}
    for value in values:
        if not value.partial:
            weeks.setdefault(value.group, []).append(value)
    return weeks


def _worst_first(row: ScorecardRow) -> tuple[int, float]:
    """Most cells that need attention first, then the longest lead time."""
    lead_time = row.cells["lead_time"].value.value
    return -sum(cell.needs_attention for cell in row.cells.values()), -(lead_time or 0.0)
