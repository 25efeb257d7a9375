"""Tables of a notebook: one place rounds values and escapes text."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from dora.render.table import Table


def test_values_are_rounded_with_their_units() -> None:
    """A unit is written as a metric's; other numbers have four digits, counts separators, nothing is a dash."""
    row = {
        "median": 0.4253, "failed": 0.031974, "score": 87.654321, "rows": 11405, "shipped": True, "none": None,
        "at": datetime(2026, 3, 2, 8, 15, 59), "missing": np.nan, "day": pd.NaT,
    }  # fmt: skip
    assert Table([row], {"median": "hours", "failed": "share"}).cells() == [
        ["26 min", "3.2 %", "87.65", "11,405", "yes", "–", "2026-03-02 08:15", "–", "–"]
    ]


def test_a_frame_is_a_table_of_its_columns() -> None:
    """Numbers of pandas and numpy are rounded like Python's, and each column has its title."""
    table = Table(pd.DataFrame({"lead_hours": [30.5, np.nan], "changes": [1200, 3]}), {"lead_hours": "hours"})
    assert table.cells() == [["30.5 h", "1,200"], ["–", "3"]]
    assert repr(table).splitlines()[0] == "| lead hours | changes |"


def test_text_is_escaped() -> None:
    """A commit message is text, in HTML and in Markdown."""
    table = Table([{"<b>": "<script>alert(1)</script> a | b"}])
    html = table._repr_html_()
    assert "<script" not in html
    assert "<b>" not in html
    assert "a ¦ b" in repr(table)


def test_no_rows_are_said() -> None:
    """An empty table is a sentence."""
    assert Table([])._repr_html_() == "<p>No rows.</p>"
    assert repr(Table([])) == "No rows."
