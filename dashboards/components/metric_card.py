"""One key number on a card: value, move against noise, trend, and the line of evidence under it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Literal

import streamlit as st

import dora
from dashboards import charts
from dashboards.components import chart, deployment_list, meaning
from dashboards.queries.view import View
from dora import Metric, Move

COLOURS: dict[str, Literal["green", "red", "gray"]] = {"better": "green", "worse": "red", "noise": "gray"}
WORDS = {"better": "better", "worse": "worse", "noise": "within noise"}
TONES: dict[str, charts.Tone] = {"better": "green", "worse": "vermilion", "noise": "grey"}

KEYS = ("deployment_frequency", "lead_time", "change_failure_rate", "recovery_time", "rework_rate", "canary_pass_rate")


def row(shown: View, names: Iterable[str], width: int = 240, columns: int | None = None) -> None:
    """Draw a row of cards."""
    chosen = list(names)
    with st.grid(columns or len(chosen), min_column_width=width):
        for name in chosen:
            card(shown, dora.metrics()[name], (3, 1) if len(chosen) == 4 else (2, 1))


def card(shown: View, metric: Metric, widths: tuple[int, int] = (2, 1)) -> None:
    """Draw a metric's card; coloured only where it moved beyond noise from what it is compared with."""
    now, before, trend = shown.value(metric.name), shown.earlier(metric.name), charts.rows(shown.trend(metric.name))
    moved = now.compare_to(before)
    reading = verdict(metric, moved)
    with st.container(border=True, height="stretch", gap="xsmall"):
        meaning.popover(shown, metric, now.incomplete)
        number, line = st.columns(widths, vertical_alignment="bottom", wrap=False)
        number.metric(
            metric.title,
            now.text,
            moved.text if moved else None,
            delta_color=COLOURS[reading],
            delta_arrow=_arrow(moved),
            delta_description=WORDS[reading] if moved else None,
            label_visibility="collapsed",
        )
        if any(row["value"] is not None for row in trend):
            spark = partial(charts.spark, trend, TONES[reading], bars=metric.statistic == "count")
            with line:
                chart.bare(
                    f"spark {metric.name}", f"{metric.title} over the window", spark, deployment_list.period(shown)
                )
        st.caption(now.evidence + (" · history incomplete" if now.incomplete else ""))


def verdict(metric: Metric, moved: Move | None) -> str:
    """``better``, ``worse``, or ``noise`` where nobody can tell."""
    if moved is None or not moved.significant or not moved.direction:
        return "noise"
    return "better" if (moved.direction > 0) == (metric.better == "higher") else "worse"


def _arrow(moved: Move | None) -> Literal["up", "down", "off"]:
    if moved is None or not moved.direction:
        return "off"
    return "up" if moved.direction > 0 else "down"
