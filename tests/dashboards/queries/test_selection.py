"""The selection: windows, comparisons, and the periods of a trend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import dora
from dashboards.queries import selection
from dashboards.queries.selection import WINDOWS, Grain, Selection
from dora import Scope, Value
from tests.dashboards.charts.test_trends import value

YEARS = timedelta(days=3 * 365)
END = datetime(2026, 7, 1)
WEEK = Selection(window="custom", first_day=date(2026, 6, 1), last_day=date(2026, 6, 7))


def test_the_previous_period_ends_where_the_window_starts() -> None:
    """The previous period is as long as the window."""
    filters = Selection(("money",), ("ledger",), "90d")
    assert filters.scope == Scope(since="90d", teams=("money",), applications=("ledger",))
    before = filters.comparison_scope(END - YEARS, END)
    assert before == Scope(since="180d", until="90d", teams=("money",), applications=("ledger",))


@pytest.mark.parametrize("window", ["this quarter", "last quarter", "this year"])
def test_a_quarter_or_year_of_the_page_is_that_of_the_commands(organisation: Path, window: str) -> None:
    """The dates that the page asks for give the numbers of the words, now and before."""
    delivery = dora.open(organisation)
    ends = delivery.about()["as_of"] - timedelta(microseconds=1)
    filters = Selection(window=window).with_calendar_days(ends)
    words, before = Scope(since=window), filters.comparison_scope(datetime(2000, 1, 1), ends)
    assert before
    for here, there in ((filters.scope, words), (before, delivery.previous_scope(words))):
        for name in ("deployment_frequency", "lead_time"):
            assert delivery.values(name, here).rows == delivery.values(name, there).rows


def test_days_of_a_custom_window_are_both_included() -> None:
    """From Monday to Sunday is seven days, and the previous period is the week before."""
    assert WEEK.days == 7
    assert WEEK.window_scope == WEEK.scope == Scope(since="2026-06-01", until="2026-06-08")
    assert WEEK.comparison_scope(END - YEARS, END) == Scope(since="2026-05-25", until="2026-06-01")


def test_a_previous_period_that_history_does_not_cover_is_not_compared() -> None:
    """History must cover the previous period from its first day on."""
    assert Selection(window="90d").comparison_scope(END - timedelta(days=179), END) is None
    assert Selection(window="90d").comparison_scope(END - timedelta(days=180), END) is not None
    assert Selection(window="all").comparison_scope(END - YEARS, END) is None
    assert WEEK.comparison_scope(datetime(2026, 5, 25, 23), END) is not None
    assert WEEK.comparison_scope(datetime(2026, 5, 26), END) is None


def test_another_team_is_compared_over_the_same_window() -> None:
    """All applications of the other team count, whichever are selected of the first; without a name nothing does."""
    filters = Selection(("money",), ("ledger",), "30d", comparison=selection.ANOTHER_TEAM, other_team="finding")
    assert filters.comparison_scope(END, END) == Scope(since="30d", teams=("finding",))
    assert filters.scope == Scope(since="30d", teams=("money",), applications=("ledger",))
    assert Selection(comparison=selection.ANOTHER_TEAM).comparison_scope(END - YEARS, END) is None


def test_a_custom_period_includes_its_first_and_last_day() -> None:
    """It can be longer than the window, and has the same teams."""
    filters = Selection(
        ("money",), window="30d", comparison=selection.CUSTOM_PERIOD, other_period=(date(2026, 3, 1), date(2026, 3, 31))
    )
    assert filters.comparison_scope(END, END) == Scope(since="2026-03-01", until="2026-04-01", teams=("money",))
    assert filters.scope == Scope(since="30d", teams=("money",))
    assert Selection(comparison=selection.CUSTOM_PERIOD).comparison_scope(END - YEARS, END) is None


def test_a_date_splits_the_window() -> None:
    """The part from that day on is compared with the part before; trends show the entire window."""
    filters = Selection(window="90d", comparison=selection.BEFORE_DATE, split_day=date(2026, 6, 1))
    assert filters.scope == Scope(since="2026-06-01")
    assert filters.comparison_scope(END, END) == Scope(since="90d", until="2026-06-01")
    assert filters.window_scope == Scope(since="90d")


def test_a_window_starts_within_the_history() -> None:
    """It starts its number of days before the data ends, on its first day, or where the history begins."""
    begins = END - timedelta(days=100)
    assert Selection(window="30d").window_start(begins, END) == datetime(2026, 6, 1)
    assert (
        Selection(window="180d").window_start(begins, END)
        == begins
        == Selection(window="all").window_start(begins, END)
    )
    assert WEEK.window_start(begins, END) == datetime(2026, 6, 1)


@pytest.mark.parametrize(
    ("window", "history", "per_day", "grain"),
    [
        ("30d", YEARS, 12.0, "day"),
        ("30d", YEARS, 11.9, "week"),
        ("30d", YEARS, None, "week"),
        ("90d", YEARS, 400.0, "week"),
        ("this year", YEARS, 400.0, "week"),
        ("1y", YEARS, 400.0, "week"),
        ("2y", YEARS, 400.0, "month"),
        ("all", YEARS, 1.0, "month"),
        ("all", timedelta(days=200), 1.0, "week"),
        ("all", timedelta(days=20), 50.0, "day"),
    ],
)
def test_the_grain_depends_on_length_and_frequency(
    window: str, history: timedelta, per_day: float | None, grain: Grain
) -> None:
    """Days if a short window has at least 12 deployments a day, months beyond a year, else weeks."""
    assert Selection(window=window).with_calendar_days(END).grain(history, per_day) == grain
    assert WEEK.grain(YEARS, 12.0) == "day"


def test_every_selection_has_a_text() -> None:
    """Window and comparison read as parts of a sentence."""
    windows = [Selection(window=window).with_calendar_days(END) for window in WINDOWS if window != "custom"]
    assert [(window.period_text, window.comparison_text) for window in windows] == [
        ("in the last 7 days", "the previous 7 days"),
        ("in the last 14 days", "the previous 14 days"),
        ("in the last 30 days", "the previous 30 days"),
        ("in the last 90 days", "the previous 90 days"),
        ("in the last 180 days", "the previous 180 days"),
        ("in the last 365 days", "the previous 365 days"),
        ("this quarter, 1 Jul 2026 to 1 Jul 2026", "the previous quarter"),
        ("last quarter, 1 Apr 2026 to 30 Jun 2026", "the previous quarter"),
        ("this year, 1 Jan 2026 to 1 Jul 2026", "the previous year"),
        ("over all time", ""),
    ]
    assert WEEK.period_text == "from 1 Jun 2026 to 7 Jun 2026"
    assert Selection(comparison=selection.BEFORE_DATE, split_day=date(2026, 6, 1)).period_text == "since 1 Jun 2026"
    period = (date(2026, 3, 1), date(2026, 3, 31))
    details = Selection(other_team="finding", split_day=date(2026, 6, 1), other_period=period)
    assert {way: replace(details, comparison=way).comparison_text for way in selection.COMPARISONS} == {
        selection.PREVIOUS_PERIOD: "the previous 90 days",
        selection.CUSTOM_PERIOD: "1 Mar 2026 to 31 Mar 2026",
        selection.ANOTHER_TEAM: "the other team in the same period",
        selection.BEFORE_DATE: "the window before that date",
        selection.NO_COMPARISON: "",
    }


def sizes_by_grain(**sizes: list[int]) -> Callable[[Grain], list[Value]]:
    """Return complete periods with these numbers of observations, between two incomplete ones."""

    def read_trend(grain: Grain) -> list[Value]:
        numbers = [1, *sizes[grain], 1]
        complete = [False, *[True] * len(sizes[grain]), False]
        return [replace(value(), n=n, partial=not whole) for n, whole in zip(numbers, complete, strict=True)]

    return read_trend


@pytest.mark.parametrize(
    ("shortest", "sizes", "grain"),
    [
        ("day", {"day": [30] * 8 + [9] * 2}, "day"),
        ("day", {"day": [30] * 7 + [9] * 3, "week": [200] * 2}, "week"),
        ("day", {"day": [30] * 5 + [0] * 2}, "day"),
        ("day", {"day": [5] * 7, "week": [35]}, "day"),
        ("week", {"week": [5] * 9, "month": [20, 20]}, "month"),
        ("week", {"week": [2] * 9, "month": [8, 8]}, "month"),
        ("month", {"month": [8, 8]}, "month"),
        ("week", {"week": []}, "week"),
    ],
)
def test_the_periods_of_a_share_hold_twenty_observations(
    shortest: Grain, sizes: dict[str, list[int]], grain: Grain
) -> None:
    """At most one in five has fewer; empty and incomplete ones do not count, and there are two complete ones."""
    assert selection.share_grain(shortest, sizes_by_grain(**sizes)) == grain


@pytest.mark.parametrize(
    ("start", "grain", "page_grain", "name"),
    [
        ("2026-08-31", "week", "week", "2026-08-31"),
        ("2026-08-31", "week", "day", "2026-W36"),
        ("2026-09-01", "month", "week", "2026-09"),
        ("2027-01-04", "week", "day", "2027-W01"),
    ],
)
def test_a_period_has_a_name_in_the_address(start: str, grain: Grain, page_grain: Grain, name: str) -> None:
    """Its first day if the page has such periods, else the name by ISO 8601; both are read back."""
    assert selection.name_period(start, grain, page_grain) == name
    assert selection.parse_period(name, page_grain) == (start, grain)
