"""Standard output: safe in a spreadsheet, readable on a terminal, exact for programs."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest

from dora.render import console
from dora.render.text import readable


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_runs_as_a_formula(start: str) -> None:
    """A cell that starts like a formula gets an apostrophe before it; a number stays a number."""
    file = io.StringIO()
    row = {"name": f"{start}HYPERLINK(1)", "n": -5, "at": datetime(2026, 3, 2)}
    console.write_csv([row], file, list(row))
    (cells,) = csv.DictReader(io.StringIO(file.getvalue(), newline=""))
    assert cells == {"name": f"'{start}HYPERLINK(1)", "n": "-5", "at": "2026-03-02T00:00:00Z"}


def test_control_characters_are_visible() -> None:
    """Control characters and marks that change the reading direction are replaced on terminals and pages."""
    assert readable("\x1b[31mred\u202egpj") == "�[31mred�gpj"
    assert readable({"a": None, "b": 1.23456}) == "b 1.235"
    assert readable([None, True]) == "–; True"
