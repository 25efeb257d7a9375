"""One key number on a card: value, move against noise, trend, and the line of evidence under it."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from dashboards import charts
from dora import Metric, Move, Value

COLOURS: dict[str, Literal["green", "red", "gray"]] = {"better": "green", "worse": "red", "noise": "gray"}
WORDS = {"better": "better", "worse": "worse", "noise": "within noise"}
TONES: dict[str, charts.Tone] = {"better": "green", "worse": "vermilion", "noise": "grey"}

KEYS = ("deployment_frequency", "lead_time", "change_failure_rate", "recovery_time", "rework_rate", "canary_pass_rate")


def card(metric: Metric, now: Value, before: Value | None, trend: list[charts.Row]) -> None:
    """Draw a metric's card; coloured only where it moved beyond noise from the window before."""
    moved = now.against(before)
    verdict = _verdict(metric, moved)
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.markdown(metric.title, help=metric.question)
        number, line = st.columns([5, 4], vertical_alignment="bottom", wrap=False)
        number.metric(
            metric.title,
            now.text,
            moved.text if moved else None,
            delta_color=COLOURS[verdict],
            delta_arrow=_arrow(moved),
            delta_description=WORDS[verdict] if moved else None,
            label_visibility="collapsed",
        )
        if any(row["value"] is not None for row in trend):
            drawn = charts.spark(trend, TONES[verdict], bars=metric.statistic == "count")
            line.vega_lite_chart(drawn.to_dict(validate=False), alt=f"{metric.title} over the window")
        st.caption(now.evidence)
        if now.incomplete:
            st.text(f"Incomplete: {now.incomplete}")  # it names applications, which are data


def _verdict(metric: Metric, moved: Move | None) -> str:
    if moved is None or not moved.beyond_noise or not moved.direction:
        return "noise"
    return "better" if (moved.direction > 0) == (metric.better == "higher") else "worse"


def _arrow(moved: Move | None) -> Literal["up", "down", "off"]:
    if moved is None or not moved.direction:
        return "off"
    return "up" if moved.direction > 0 else "down"
