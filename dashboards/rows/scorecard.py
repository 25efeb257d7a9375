"""The brief and its scorecard as plain values for their template: texts, addresses, lines on a common scale. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import dora

SPARK_WIDTH, SPARK_HEIGHT = 84, 18  # of the drawing, in its own units
# The page that has the rows of a sentence or the trend of a metric, and the part of it to scroll to.
PAGES = {
    "pending changes": ("flow", "pending"), "changes": ("flow", "deployments"), "deployments": ("", "deployments"),
    "failed deployments": ("stability", "failures"), "canaries": ("canary", "analyses"), "weeks": ("", "alerts"),
}  # fmt: skip
METRIC_PAGES = {
    "lead_time": "flow", "deployment_frequency": "flow", "recovery_time": "stability",
    "change_failure_rate": "stability", "rework_rate": "stability", "canary_pass_rate": "canary",
}  # fmt: skip
BLUE, ATTENTION = "#2D87BD", "#D55E00"
ARROWS = {1: "▲", -1: "▼", 0: ""}
Row = dict[str, Any]


class Addresses(NamedTuple):
    """Makes addresses of pages that keep the filters of the current one; ``filters`` are its query parameters."""

    filters: dict[str, list[str]]

    def link(self, page: str, anchor: str = "", **filters: str | None) -> str:
        """Return the address of a page with further filters; null keeps the filter of the current page."""
        query = urlencode(self.filters | {name: [value] for name, value in filters.items() if value}, doseq=True)
        return f"{page or './'}{'?' if query else ''}{query}{'#' if anchor else ''}{anchor}"


class Scale(NamedTuple):
    """Positions from 0 to 1 between two values, logarithmic for durations."""

    low: float
    high: float
    is_log: bool

    def position(self, value: float | None) -> float | None:
        """Return where a value is; null for none."""
        if value is None:
            return None
        low, high, at = (self._transform(amount) for amount in (self.low, self.high, value))
        return min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.5

    def _transform(self, value: float) -> float:
        return math.log(max(value, 1 / 3600)) if self.is_log else value  # a second: a log axis has no zero


def make_scale(values: Iterable[float | None], unit: str) -> Scale:
    """Return the scale from the lowest to the highest of some values."""
    known = [value for value in values if value is not None]
    return Scale(min(known, default=0.0), max(known, default=1.0), unit == "hours")


def sentences(brief: Any, addresses: Addresses) -> list[Row]:
    """Return the sentences of a brief with the address of the rows behind each."""
    rows = []
    for sentence in brief.sentences:
        link, claim = sentence.link, sentence.claim
        page, anchor = PAGES[link.rows]
        filters = {link.by: None if claim.total else link.group}
        if link.rows == "weeks":  # of all groups, among which the alert is
            filters = {"alert": f"{link.metric} {claim.week:%Y-%m-%d} {claim.now.group or 'all'}"}
        href = addresses.link(page, anchor, **filters)
        rows.append({"headline": sentence.headline, "rest": sentence.rest, "verdict": claim.verdict,
                     "label": link.label, "href": href})  # fmt: skip
    return rows


def columns(scorecard: Any) -> list[Row]:
    """Return name, title and statistic of each column."""
    statistics = {"median": " (median)"}
    return [
        {"name": name, "title": f"{metric.title}{statistics.get(metric.statistic, '')}"}
        for name in scorecard.metrics
        for metric in [dora.metrics()[name]]
    ]


def table(scorecard: Any, addresses: Addresses, limit: int) -> list[Row]:
    """Return the first groups with their cells in the order of the columns; intervals of a column share one scale."""
    shown = scorecard.rows[:limit]
    values = {name: [row.cells[name].value for row in shown] for name in scorecard.metrics}
    scales = {
        name: make_scale((end for value in column for end in (value.low, value.value, value.high)), column[0].unit)
        for name, column in values.items()
        if column
    }
    return [
        {
            "group": row.name,
            "size": row.applications if scorecard.by == "team" else None,
            "href": addresses.link("", **{scorecard.by: row.group}) if row.group else None,
            "cells": [
                _cell(row.cells[name], scales[name], addresses.link(METRIC_PAGES[name], **{scorecard.by: row.group}))
                for name in scorecard.metrics
            ],
        }
        for row in shown
    ]


def _cell(cell: Any, scale: Scale, href: str) -> Row:
    value, change = cell.value, cell.change
    moved = change is not None and change.move is not None and change.significant
    return {
        "text": value.text,
        "evidence": value.evidence,
        "n": f"{value.n:,}",
        "sort": value.value if value.value is not None else -1.0,
        "attention": cell.needs_attention,
        "outlier": cell.outlier,
        "href": href if value.value is not None else None,
        "positions": [scale.position(end) for end in (value.low, value.value, value.high)],
        "dot": _percent(scale.position(value.value)),
        "low": _percent(scale.position(value.low)),
        "width": _percent((scale.position(value.high) or 0.0) - (scale.position(value.low) or 0.0))
        if value.low is not None and value.high is not None
        else None,
        "lines": spark_lines([week.value for week in cell.weeks], value.unit),
        "spark": sparkline([week.value for week in cell.weeks], value.unit, attention=cell.needs_attention),
        "move": change.move.text.removeprefix("+").removeprefix("−") if moved else None,
        "arrow": ARROWS[change.move.direction] if moved else "",
        "verdict": change.verdict if moved else None,
        "goal": cell.goal.text if cell.goal else None,
        "goal_verdict": cell.goal.verdict if cell.goal else None,
        "tier": cell.tier.tier if cell.tier else None,
    }


def _percent(part: float | None) -> str | None:
    return None if part is None else f"{100 * part:.1f}%"


def sparkline(values: Sequence[float | None], unit: str, *, attention: bool) -> str | None:
    """Return weekly values as an SVG image in a data URL, with a gap where a week has no value; null without values.

    Streamlit removes SVG from HTML, and an image does not know the theme: its colours are readable on both.
    """
    drawn = "".join(f"<polyline points='{points}'/>" for points in spark_lines(values, unit))
    style = f"fill='none' stroke='{ATTENTION if attention else BLUE}' stroke-width='1.4' stroke-linejoin='round'"
    size = f"viewBox='0 0 {SPARK_WIDTH} {SPARK_HEIGHT}'"
    image = f"<svg xmlns='http://www.w3.org/2000/svg' {size} {style}>{drawn}</svg>"
    return f"data:image/svg+xml,{quote(image)}" if drawn else None


def spark_lines(values: Sequence[float | None], unit: str) -> list[str]:
    """Return the points of each line through weekly values without a gap, in a field of the size of a sparkline."""
    scale, step = make_scale(values, unit), SPARK_WIDTH / max(1, len(values) - 1)
    lines: list[list[str]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            lines.append([])
        else:
            y = SPARK_HEIGHT - 1 - (scale.position(value) or 0.0) * (SPARK_HEIGHT - 2)
            lines[-1].append(f"{number * step:.1f},{y:.1f}")
    return [" ".join(points) for points in lines if len(points) > 1]
