"""Windows, the ones before them, and how fine a trend is drawn."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dashboards.selection import WINDOWS, Grain, Selection
from dora import Scope

YEARS = timedelta(days=3 * 365)


def test_a_window_ends_with_the_data_and_meets_the_one_before() -> None:
    """The window before ends where the window starts and is as long."""
    chosen = Selection(("money",), ("ledger",), "90d")
    assert chosen.now == Scope(since="90d", teams=("money",), applications=("ledger",))
    assert chosen.before(YEARS) == Scope(since="180d", until="90d", teams=("money",), applications=("ledger",))


def test_there_is_nothing_to_compare_with_where_history_is_too_short() -> None:
    """A window before that the data covers only in part would compare unlike with like."""
    assert Selection(window="90d").before(timedelta(days=179)) is None
    assert Selection(window="90d").before(timedelta(days=180)) is not None
    assert Selection(window="all").before(YEARS) is None


@pytest.mark.parametrize(
    ("window", "history", "per_day", "grain"),
    [
        ("30d", YEARS, 12.0, "day"),
        ("30d", YEARS, 11.9, "week"),
        ("30d", YEARS, None, "week"),
        ("90d", YEARS, 400.0, "week"),
        ("1y", YEARS, 400.0, "week"),
        ("all", YEARS, 1.0, "month"),
        ("all", timedelta(days=200), 1.0, "week"),
        ("all", timedelta(days=20), 50.0, "day"),
    ],
)
def test_the_grain_follows_length_and_traffic(
    window: str, history: timedelta, per_day: float | None, grain: Grain
) -> None:
    """Days only where a short window has a dozen a day, months beyond a year, else weeks."""
    assert Selection(window=window).grain(history, per_day) == grain


def test_every_window_has_words() -> None:
    """Each choice reads as part of a sentence."""
    assert [Selection(window=window).words for window in WINDOWS] == [
        "the last 30 days",
        "the last 90 days",
        "the last 180 days",
        "the last year",
        "all of history",
    ]
    assert Selection(window="1y").words_before == "the year before"
    assert Selection().words_before == "the 90 days before"
