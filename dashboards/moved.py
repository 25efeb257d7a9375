"""What changed beyond noise: every key of every team, or of every application of one, against the same before."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

import streamlit as st

import dora
from dashboards import cards, listing
from dashboards.charts import Row
from dashboards.listing import text
from dashboards.selection import TEAM
from dashboards.view import View
from dora import Move, Value

MOST = 8
NORMAL = NormalDist()
COLUMNS = {
    "reading": text("Reading", width="small"), "who": text("Whose"), "what": text("What", width="medium"),
    "before": text("Before"), "now": text("Now"), "change": text("Change"),
    "evidence": text("Evidence now", width="large"),
}  # fmt: skip


def draw(shown: View) -> None:
    """Draw the list, or the sentence that there is none; nothing where there is nothing to compare with."""
    if shown.before is None or shown.chosen.against == TEAM:
        return
    group: Literal["application", "team"] = "application" if shown.chosen.teams else "team"
    pairs = _pairs(shown, group)
    rows = _beyond(pairs)
    with st.container(border=True, gap="xsmall"):
        st.subheader("What changed beyond noise", anchor=False)
        compared = f"{len(pairs)} comparisons, each {group} and all together, with {shown.chosen.words_before}"
        if rows:
            st.caption(f"Of {compared}: those that chance alone would hardly make, allowing for how many there are.")
            listing.table(rows[:MOST], shown.zone, COLUMNS, "What changed beyond noise, what got worse first")
        else:
            st.caption(f"Nothing: none of {compared} says more than chance.")


def _pairs(shown: View, group: Literal["application", "team"]) -> list[tuple[str, Value, Value]]:
    """Who, now and before, of each key that has both."""
    found = []
    for name in cards.KEYS:
        earlier = {value.group: value for value in shown.earlier_by(name, group)}
        everyone = shown.earlier(name)
        both = [(value.group or "–", value, earlier.get(value.group)) for value in shown.by(name, group)]
        both = [("all", shown.value(name), everyone), *both]
        found += [(who, now, before) for who, now, before in both if before and None not in (now.value, before.value)]
    return found


def _beyond(pairs: list[tuple[str, Value, Value]]) -> list[Row]:
    """Those that moved, what got worse first."""
    rows = []
    for who, now, before in pairs:
        move = now.against(before)
        reading = cards.verdict(dora.metrics()[now.metric], move)
        if move and reading != "noise" and stands(now, before, move, among=len(pairs)):
            rows.append({
                "reading": reading, "who": who, "what": dora.metrics()[now.metric].title, "before": before.text,
                "now": now.text, "change": move.text, "evidence": now.evidence,
            })  # fmt: skip
    return sorted(rows, key=lambda row: row["reading"] != "worse")


def stands(now: Value, before: Value, move: Move, among: int) -> bool:
    """Whether a move is beyond noise as one among many comparisons, of which noise would make some look like moves.

    Its 95 % limits are widened so that they are those of all comparisons together (Bonferroni).
    """
    ends = (before.value, now.value, move.low if move.direction > 0 else move.high)
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return False
    if now.statistic != "share":
        if min(known) <= 0:
            return False
        known = [math.log(end) for end in known]
    difference, wider = known[1] - known[0], NORMAL.inv_cdf(1 - 0.025 / among) / NORMAL.inv_cdf(0.975)
    return abs(difference) > wider * abs(difference - known[2])
