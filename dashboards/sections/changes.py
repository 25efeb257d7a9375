"""What changed beyond noise, by team or by application of one, and what weekly series signal."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

import streamlit as st

import dora
from dashboards.charts import Row
from dashboards.components import deployment_list, metric_card, table
from dashboards.components.table import Button, text
from dashboards.queries import cache
from dashboards.queries.selection import TEAM
from dashboards.queries.view import View
from dora import Move, Value

MOST = 8
ALL, NONE = NOBODY = ("all", "–")
Group = Literal["application", "team"]
COLUMNS = {
    "reading": text("Reading", width="small"), "who": text("Whose"), "what": text("What", width="medium"),
    "before": text("Before"), "now": text("Now"), "change": text("Change"),
}  # fmt: skip
SIGNAL = {
    "week": text("Week of"), "who": text("Whose"), "what": text("What"), "signal": text("Signal"),
    "value": text("Value"),
}  # fmt: skip


def draw(shown: View) -> None:
    """Draw both lists side by side, each with a sentence where it is empty."""
    group: Group = "application" if shown.chosen.teams else "team"
    compared = shown.before is not None and shown.chosen.against != TEAM
    columns = st.columns(2 if compared else 1)
    if compared:
        with columns[0].container(border=True, height="stretch", gap="xsmall"):
            _moves(shown, group)
    with columns[-1].container(border=True, height="stretch", gap="xsmall"):
        _signals(shown, group)


def _moves(shown: View, group: Group) -> None:
    pairs = _pairs(shown, group)
    rows = _beyond(pairs)
    compared = f"{len(pairs)} comparisons, each {group} and all together, with {shown.chosen.words_before}"
    st.subheader("What changed beyond noise", anchor=False)
    if rows:
        st.caption(f"Of {compared}: so chosen that at most one in twenty of those named is chance.")
        alt = "What changed beyond noise, what got worse first"
        table.table(rows[:MOST], shown.zone, COLUMNS, alt, button=_shows("moved", shown, group))
    else:
        st.caption(f"Nothing: none of {compared} says more than chance.")


def _signals(shown: View, group: Group) -> None:
    rows = signals(shown, group)
    st.subheader("Signals in the weekly series", anchor=False)
    if rows:
        st.caption("Weeks of this window that the series' own noise does not explain, by limits set before it.")
        alt = "Signals in the weekly series, the latest first"
        table.table(rows[:MOST], shown.zone, SIGNAL, alt, button=_shows("signal", shown, group))
    else:
        st.caption(f"None: no {group} left the limits of its own noise in this window.")


def _shows(key: str, shown: View, group: Group) -> Button:
    """A button that narrows the page to whose row it is, and to its week."""
    weekly = shown.grain == "week"
    return Button(key, "Show", lambda row: partial(_narrow, row, group, weekly) if row["who"] not in NOBODY else None)


def _narrow(row: Row, group: Group, weekly: bool) -> None:
    st.session_state[group] = [row["who"]]
    if weekly and "at" in row:
        st.session_state[deployment_list.KEY] = f"{row['at']:%Y-%m-%d}"


def signals(shown: View, group: Group) -> list[Row]:
    """The strong signals of every key and group within the window, the latest first."""
    rows = []
    for name in metric_card.KEYS:
        for series in cache.signals(shown.build, name, replace(shown.whole, by=group)):
            rows += [
                {
                    "at": series.weeks[found.last].period, "week": f"{series.weeks[found.last].period:%-d %b %Y}",
                    "who": series.group or NONE, "what": dora.metrics()[name].title, "signal": found.text,
                    "value": series.weeks[found.last].text,
                }
                for found in series.alerts if not found.weak
            ]  # fmt: skip
    return sorted(rows, key=lambda row: row["at"], reverse=True)


def _pairs(shown: View, group: Group) -> list[tuple[str, Value, Value]]:
    """Who, now and before, of each key that has both."""
    found = []
    for name in metric_card.KEYS:
        earlier = {value.group: value for value in shown.earlier_by(name, group)}
        everyone = shown.earlier(name)
        both = [(value.group or NONE, value, earlier.get(value.group)) for value in shown.by(name, group)]
        both = [(ALL, shown.value(name), everyone), *both]
        found += [(who, now, before) for who, now, before in both if before and None not in (now.value, before.value)]
    return found


def _beyond(pairs: list[tuple[str, Value, Value]]) -> list[Row]:
    """Those that moved as some of many comparisons, what got worse first."""
    moves = [(who, now, before, move) for who, now, before in pairs if (move := now.compare_to(before))]
    stand = Move.significant_among([move for *_, move in moves])
    rows = [
        {
            "reading": metric_card.verdict(dora.metrics()[now.metric], move), "who": who,
            "what": dora.metrics()[now.metric].title, "before": before.text, "now": now.text, "change": move.text,
        }
        for (who, now, before, move), stands in zip(moves, stand, strict=True) if stands
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row["reading"] != "worse")
