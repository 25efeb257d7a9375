"""One metric on a card: its meaning, value, change, trend, and the line of evidence below."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import streamlit as st

import dora
from dashboards import charts
from dashboards.components import chart, deployment_list
from dashboards.queries import builds, cache
from dashboards.queries.text import escape_markdown
from dashboards.queries.view import View
from dora import Metric, Move, Value

COLOURS: dict[str, Literal["green", "red", "gray"]] = {"better": "green", "worse": "red"}  # else gray
GOAL_COLOURS = {"met": "green", "missed": "red"}  # else grey
TONES: dict[str, charts.Tone] = {"better": "green", "worse": "vermilion"}  # else grey


def draw_cards(view: View, names: Sequence[str], columns: int | None = None) -> None:
    """Draw a row of cards, or several rows of so many columns."""
    widths = (4, 1) if len(names) == 4 else (2, 1)  # on the narrow cards of a row of four, numbers need more room
    with st.grid(columns or len(names), min_column_width=240):
        for name in names:
            _draw_card(view, dora.metrics()[name], widths)


def _draw_card(view: View, metric: Metric, widths: tuple[int, int]) -> None:
    now, trend = view.value(metric.name), charts.trend_rows(view.trend(metric.name), view.events)
    change = view.change(metric.name)
    move: Move | None = change.move if change else None
    assessment: str = change.verdict if change else "not significant"
    with st.container(border=True, height="stretch", gap="xsmall"):
        with st.popover(metric.title, type="tertiary", width="content"):
            # One text of many paragraphs: with a dozen cards, an element for each would slow the page down.
            st.text("\n\n".join(_meaning(view, metric, now.incomplete)))
        number, line = st.columns(widths, gap=None, vertical_alignment="bottom", wrap=False)
        number.metric(
            metric.title, now.text, move.text if move else None, label_visibility="collapsed",
            delta_color=COLOURS.get(assessment, "gray"), delta_arrow=_arrow(move),
            delta_description=assessment if move else None,
        )  # fmt: skip
        if any(row["value"] is not None for row in trend):
            spark = partial(charts.sparkline, trend, TONES.get(assessment, "grey"), bars=metric.statistic == "count")
            click = deployment_list.period_click(view, grain=view.grain_of(metric.name))
            with line:
                chart.draw_bare(f"spark {metric.name}", f"{metric.title} over the window", spark, click)
        st.caption(escape_markdown(now.evidence) + (" · history incomplete" if now.incomplete else ""))
        if tail := _tail(view, metric, now):
            st.caption(escape_markdown(tail))
        if chips := _chips(view, metric):
            st.markdown(" ".join(chips))


def _tail(view: View, metric: Metric, now: Value) -> str:
    """Return what a median hides: its 90th percentile, and the slowest team, or application of the teams selected."""
    if now.value is None or now.spread is None:
        return ""
    p90 = f"p90 {now.text_of(now.spread.p90)}" if now.spread.p90 is not None else ""
    group: Literal["application", "team"] = "application" if view.selection.teams else "team"
    values = [value for value in view.values_by(metric.name, group) if value.low is not None and value.group]
    if len(values) < 2:
        return p90
    slowest = max(values, key=lambda value: value.value or 0.0)
    return " · ".join(part for part in (p90, f"slowest {group}: {slowest.group} {slowest.text}") if part)


def _chips(view: View, metric: Metric) -> list[str]:
    """Return the goal with its verdict and, where a survey has tiers, the tier with its probability, as badges."""
    chips = []
    if goal := view.goal(metric.name):
        chips.append(
            f":{GOAL_COLOURS.get(goal.verdict, 'gray')}-badge[goal {escape_markdown(goal.text)}: {goal.verdict}]"
        )
    if position := view.tier(metric.name):
        chips.append(f":gray-badge[{position.year} survey: {escape_markdown(position.tier)}]")
    return chips


def _arrow(move: Move | None) -> Literal["up", "down", "off"]:
    if move is None or not move.direction:
        return "off"
    return "up" if move.direction > 0 else "down"


def _meaning(view: View, metric: Metric, incomplete: str | None) -> list[str]:
    """Return the question that a metric answers, and each definition that shaped it here with its value."""
    rows = cache.definitions_in_force(view.build, metric.name, view.window_scope)
    by_key = {row["key"]: [other for other in rows if other["key"] == row["key"]] for row in rows if row["value"]}
    return [
        metric.question,
        *([f"Incomplete history: {incomplete}."] if incomplete else []),
        *(f"{key} = {values_in_force(values)}\n{values[0]['description']}" for key, values in by_key.items()),
    ]


def values_in_force(rows: list[builds.Row]) -> str:
    """Return the value of a definition, or each of its values with the number of applications that have it."""
    if len(rows) == 1:
        return str(rows[0]["value"])
    return "; ".join(f"{row['value'] or 'none'} ({row['applications']} applications)" for row in rows)
