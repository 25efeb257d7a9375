"""Rows → charts. Pure: values in, a specification out; colours are named by their place in the theme's palette."""

from dashboards.charts.flow import calendar, histogram, stage_means, stage_stack
from dashboards.charts.stability import against, classes, survival
from dashboards.charts.style import CLICK, HEIGHT, ONE, PALETTE, PART, WHOSE, Row, Tone
from dashboards.charts.timeline import timeline
from dashboards.charts.trends import counts, medians, rows, shares, spark, spreads

__all__ = [
    "CLICK", "HEIGHT", "ONE", "PALETTE", "PART", "WHOSE", "Row", "Tone", "against", "calendar", "classes", "counts",
    "histogram", "medians", "rows", "shares", "spark", "spreads", "stage_means", "stage_stack", "survival", "timeline",
]  # fmt: skip
