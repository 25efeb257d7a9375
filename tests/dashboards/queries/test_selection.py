"""Windows, what they are compared with, and how fine a trend is drawn."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from dashboards.queries.selection import AGAINST, BEFORE, DAY, NOTHING, TEAM, TIME, WINDOWS, Grain, Selection
from dora import Scope

YEARS = timedelta(days=3 * 365)
END = datetime(2026, 7, 1)
WEEK = Selection(window="custom", first=date(2026, 6, 1), last=date(2026, 6, 7))


def test_a_window_ends_with_the_data_and_meets_the_one_before() -> None:
    """The window before ends where the window starts and is as long."""
    chosen = Selection(("money",), ("ledger",), "90d")
    assert chosen.now == Scope(since="90d", teams=("money",), applications=("ledger",))
    before = chosen.before(END - YEARS, END)
    assert before == Scope(since="180d", until="90d", teams=("money",), applications=("ledger",))


def test_days_of_a_custom_window_are_both_included() -> None:
    """From Monday to Sunday is seven days, the window before is the week before."""
    assert WEEK.days == 7
    assert WEEK.whole == WEEK.now == Scope(since="2026-06-01", until="2026-06-08")
    assert WEEK.before(END - YEARS, END) == Scope(since="2026-05-25", until="2026-06-01")


def test_there_is_nothing_to_compare_with_where_history_is_too_short() -> None:
    """A window before that the data covers only in part would compare unlike with like."""
    assert Selection(window="90d").before(END - timedelta(days=179), END) is None
    assert Selection(window="90d").before(END - timedelta(days=180), END) is not None
    assert Selection(window="all").before(END - YEARS, END) is None
    assert WEEK.before(datetime(2026, 5, 25, 23), END) is not None
    assert WEEK.before(datetime(2026, 5, 26), END) is None


def test_another_team_is_compared_in_the_same_time() -> None:
    """The other team comes whole, whatever applications are chosen of the first; unnamed it compares nothing."""
    chosen = Selection(("money",), ("ledger",), "30d", against=TEAM, other="finding")
    assert chosen.before(END, END) == Scope(since="30d", teams=("finding",))
    assert chosen.now == Scope(since="30d", teams=("money",), applications=("ledger",))
    assert Selection(against=TEAM).before(END - YEARS, END) is None


def test_another_time_is_compared_whole() -> None:
    """Its first and last day are both in it, whatever the length of the window; of the same people."""
    chosen = Selection(("money",), window="30d", against=TIME, then=(date(2026, 3, 1), date(2026, 3, 31)))
    assert chosen.before(END, END) == Scope(since="2026-03-01", until="2026-04-01", teams=("money",))
    assert chosen.now == Scope(since="30d", teams=("money",))
    assert Selection(against=TIME).before(END - YEARS, END) is None


def test_a_day_divides_the_window_without_losing_any_of_it() -> None:
    """Numbers count from the day and are compared with the rest of the window; the trend keeps all of it."""
    chosen = Selection(window="90d", against=DAY, day=date(2026, 6, 1))
    assert chosen.now == Scope(since="2026-06-01")
    assert chosen.before(END, END) == Scope(since="90d", until="2026-06-01")
    assert chosen.whole == Scope(since="90d")


def test_a_window_starts_within_history() -> None:
    """So many days before the data ends, on a chosen day, or where history begins."""
    begins = END - timedelta(days=100)
    assert Selection(window="30d").starts(begins, END) == datetime(2026, 6, 1)
    assert Selection(window="180d").starts(begins, END) == begins == Selection(window="all").starts(begins, END)
    assert WEEK.starts(begins, END) == datetime(2026, 6, 1)


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
    assert WEEK.grain(YEARS, 12.0) == "day"


def test_every_choice_has_words() -> None:
    """Each choice reads as part of a sentence."""
    assert [Selection(window=window).words for window in WINDOWS if window != "custom"] == [
        "in the last 30 days",
        "in the last 90 days",
        "in the last 180 days",
        "in the last year",
        "over all time",
    ]
    assert WEEK.words == "from 1 Jun 2026 to 7 Jun 2026"
    assert Selection(against=DAY, day=date(2026, 6, 1)).words == "since 1 Jun 2026"
    asked = {"other": "finding", "day": date(2026, 6, 1), "then": (date(2026, 3, 1), date(2026, 3, 31))}
    assert {way: Selection(against=way, **asked).words_before for way in AGAINST} == {  # type: ignore[arg-type]
        BEFORE: "the previous 90 days",
        TIME: "1 Mar 2026 to 31 Mar 2026",
        TEAM: "the other team in the same period",
        DAY: "the window before that date",
        NOTHING: "",
    }
    assert Selection(window="1y").words_before == "the previous year"
