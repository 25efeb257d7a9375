"""Data frames and CSV files: nothing that a source wrote can run or disappear."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.rows import frames


def row(**other: Any) -> dict[str, Any]:
    deployment = {
        "happened_at": datetime(2026, 7, 1, 22, 30), "application": "ledger", "team": "money", "kind": "release",
        "commit": "0123456789abcdef", "changes": 3, "hours": 1.5, "verdict": "pass", "score": 91.0,
        "outcome": "succeeded", "not_everywhere": False, "evidence": None, "recovered_hours": None,
        "still_failing": False, "triggered_by": "ada", "url": "https://deck.example/1", "deployment_id": "d1",
    }  # fmt: skip
    return deployment | other


@given(st.dictionaries(st.sampled_from("abc"), st.text(), min_size=1))
def test_no_cell_of_a_file_is_a_formula(cells: dict[str, str]) -> None:
    """Whatever a cell contains, a spreadsheet reads text; behind the apostrophe it is unchanged."""
    parsed = next(iter(csv.DictReader(io.StringIO(frames.csv_text([cells]), newline=""))))
    for name, cell in cells.items():
        assert not parsed[name].startswith(frames.FORMULA)
        assert parsed[name].removeprefix("'") == cell.removeprefix("'") or parsed[name] == cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_each_start_of_a_formula_gets_an_apostrophe(start: str) -> None:
    """Six characters start a formula; a negative number keeps its sign."""
    text = frames.csv_text([{"name": f"{start}1+1", "number": -2.5, "when": datetime(2026, 7, 1, 2)}])
    cells = next(iter(csv.DictReader(io.StringIO(text, newline=""))))
    assert cells == {"name": f"'{start}1+1", "number": "-2.5", "when": "2026-07-01T02:00:00Z"}


def test_no_rows_are_an_empty_file() -> None:
    """Nothing to export is no error."""
    assert frames.csv_text([]) == ""


@pytest.mark.parametrize(
    ("url", "valid"),
    [
        ("https://deck.example/#/x", True),
        ("http://deck.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("ftp://deck.example/x", False),
        ("//deck.example", False),
        ("https://", False),
        ("https://[::1", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_links_are_links(url: str | None, valid: bool) -> None:
    """Anything except http and https with a host is no link."""
    assert frames.web_link(url) == (url if valid else None)


@pytest.mark.parametrize(
    ("other", "outcome"),
    [
        ({}, "succeeded"),
        ({"outcome": "stopped_by_canary"}, "stopped by canary"),
        ({"evidence": "incident rollback"}, "failed: incident, rolled back"),
        ({"evidence": "fix_forward", "still_failing": True}, "failed: fixed forward; not recovered"),
        ({"outcome": "failed", "evidence": "deploy"}, "failed: deploy failed"),
    ],
)
def test_outcomes_are_in_words(other: dict[str, Any], outcome: str) -> None:
    """A failure has its evidence, and whether it has recovered."""
    assert frames.outcome(row(**other)) == outcome


def test_times_are_in_the_zone_of_the_organisation() -> None:
    """Half past ten in the evening UTC is the next day in Berlin."""
    frame = frames.deployments([row()], "Europe/Berlin")
    assert frame["happened_at"][0] == pd.Timestamp("2026-07-02 00:30")


def test_unknown_values_stay_empty() -> None:
    """A deployment without commit, changes or canary has empty cells, not zeros, and the table keeps its types."""
    incomplete = row(commit=None, changes=None, hours=None, verdict=None, score=None, url=None)
    frame = frames.deployments([incomplete, row()], "UTC")
    assert frame.iloc[0][["commit", "changes", "hours", "canary", "score", "url"]].isna().all()
    assert frame["commit"][1] == "012345678"
    assert str(frame["changes"].dtype) == "Int64"
    assert list(frames.deployments([], "UTC").columns) == list(frame.columns)


def test_the_count_says_how_many_of_how_many_are_listed() -> None:
    """All rows, or the first of more; no rows are zero."""
    assert frames.count_listed([], "change") == "0 changes"
    assert frames.count_listed([{"listed": 1}], "change") == "1 change"
    assert frames.count_listed([{"listed": 1468}] * 20, "change") == "The first 20 of 1,468 changes"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "succeeded"),
        ({"not_everywhere": True}, "succeeded, not everywhere"),
        ({"outcome": "dark"}, "dark: waited without traffic"),
        ({"outcome": "stopped_by_canary"}, "stopped by canary"),
        ({"evidence": "rollback"}, "failed: rolled back"),
    ],
)
def test_an_outcome_is_in_words(facts: dict[str, Any], words: str) -> None:
    """Every outcome reads as words, with what it hides: a target that was never started, evidence of a failure."""
    assert frames.outcome(row(**facts)) == words


def test_numbers_of_a_file_are_rounded() -> None:
    """Hours to two decimals, shares to four; whole numbers stay whole."""
    row = {"hours": 1.23456, "recovered_hours": 0.005, "score": 91.666, "share": 0.031974, "changes": 3}
    assert frames.csv_text([row]).splitlines()[1] == "1.23,0.01,91.67,0.032,3"


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ((), "deployments_2026-06-01_2026-08-29.csv"),
        (("payments",), "deployments_2026-06-01_2026-08-29_payments.csv"),
        (("a/b", "=cmd|'c"), "deployments_2026-06-01_2026-08-29_a-b--cmd-c.csv"),
        (tuple("abcd"), "deployments_2026-06-01_2026-08-29_4-selected.csv"),
    ],
)
def test_a_file_is_named_by_window_and_teams(names: tuple[str, ...], name: str) -> None:
    """A name has no sign that a file system or a shell takes for its own."""
    assert frames.file_name("deployments", date(2026, 6, 1), date(2026, 8, 29), names) == name
