"""Charts: pure functions from rows to Altair charts. Tones refer to positions in the theme's palette."""

from dashboards.charts.control import control_chart, control_rows
from dashboards.charts.events import NO_EVENT, with_events
from dashboards.charts.flow import calendar, histogram, stage_pareto, stage_stack, stage_strip
from dashboards.charts.serving import serving_lanes
from dashboards.charts.stability import failures_by_frequency, failures_by_size, survival_curve
from dashboards.charts.style import APPLICATION_FIELD, CLASS_FIELD, DEPLOYMENT_FIELD, PERIOD_FIELD, Row, Tone
from dashboards.charts.timeline import timeline
from dashboards.charts.trends import (
    Goal,
    any_value,
    count_trend,
    median_trend,
    quantile_trend,
    share_trend,
    sparkline,
    trend_rows,
)

__all__ = [
    "APPLICATION_FIELD", "CLASS_FIELD", "DEPLOYMENT_FIELD", "NO_EVENT", "PERIOD_FIELD", "Goal", "Row", "Tone",
    "any_value", "calendar", "control_chart", "control_rows", "count_trend", "failures_by_frequency",
    "failures_by_size", "histogram", "median_trend", "quantile_trend", "serving_lanes", "share_trend", "sparkline",
    "stage_pareto", "stage_stack", "stage_strip", "survival_curve", "timeline", "trend_rows", "with_events",
]  # fmt: skip
