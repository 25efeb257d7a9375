"""What stands behind a number: its question, and the definitions in force that shaped it, as sentences."""

from __future__ import annotations

import streamlit as st

from dashboards.queries import cache
from dashboards.queries.view import View
from dora import Metric


def popover(shown: View, metric: Metric, incomplete: str | None = None) -> None:
    """A metric's name; a click on it shows its question and each definition that shaped it, with its value in force."""
    with st.popover(metric.title, type="tertiary", width="content"):
        st.text("\n\n".join(_told(shown, metric, incomplete)))


def _told(shown: View, metric: Metric, incomplete: str | None) -> list[str]:
    """All of it as paragraphs of one text: a page has a dozen of these, and each element of a page takes time."""
    said = [metric.question, *([f"Incomplete: {incomplete}."] if incomplete else [])]
    return said + [f"{key} = {value}\n{sentence}" for key, sentence, value in in_force(shown, metric.name)]


def in_force(shown: View, metric: str) -> list[tuple[str, str, str]]:
    """Key, sentence and value of each definition that shaped a metric here; those that are not set are left out.

    Where applications differ, the value says how many have which, the most first.
    """
    rows = cache.choices(shown.build, metric, shown.whole)
    keys = {row["key"]: row["says"] for row in rows if row["value"]}
    return [(key, said, values([row for row in rows if row["key"] == key])) for key, said in keys.items()]


def values(rows: list[cache.Row]) -> str:
    """The value in force, or each with for how many applications it holds."""
    if len(rows) == 1:
        return str(rows[0]["value"])
    return "; ".join(f"{row['value'] or 'none'} (of {row['applications']})" for row in rows)
