"""Local days, weeks and months as UTC instants."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dora import periods
from dora.errors import UsageError
from dora.periods import Period, floor, parse_moment, parse_window, previous_window, split, to_local, to_utc
from tests.conftest import engine

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]
AS_OF = datetime(2026, 11, 20, 12)
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1))


@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from(["day", "week", "month"]))
def test_sql_and_python_cut_alike(moment: datetime, zone: str, grain: str) -> None:
    """The period that SQL puts an instant in is the one that Python lists for it, in any zone."""
    moment = moment.replace(microsecond=0)
    local = to_local(moment, zone)
    (period,) = split(Period(local, local + timedelta(microseconds=1)), grain)
    column = f"TIMESTAMP '{moment}'"
    sql = periods.local_time_sql(column, zone, moment, moment)
    sql_period = engine().execute(f"SELECT date_trunc('{grain}', {sql})::TIMESTAMP").fetchall()[0][0]
    assert sql_period == period.start
    assert period.start <= local < period.end


@given(MOMENTS, st.integers(0, 9000), st.sampled_from([*ZONES, "Australia/Lord_Howe"]))
@settings(deadline=None, max_examples=40)
def test_local_time_is_that_of_the_engines_calendar(start: datetime, days: int, zone: str) -> None:
    """Between any two instants, through every clock change, at the second around it."""
    end = start + timedelta(days=days)
    changes = [at for at in periods._clock_changes(start.replace(microsecond=0), end, zone) if start < at < end]
    around = [at + timedelta(microseconds=by) for at in changes for by in (-1, 0)]
    steps = [start + (end - start) * part / 50 for part in range(51)]
    sql = f"""SELECT count(*) FROM (SELECT unnest($1::TIMESTAMP[]) AS moment)
    WHERE {periods.local_time_sql("moment", zone, start, end)} <> timezone('{zone}', timezone('UTC', moment))"""
    assert engine().execute(sql, [[*steps, *around]]).fetchall() == [(0,)]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 9)), st.timedeltas(timedelta(0), timedelta(days=4)))
def test_complete_days_leave_less_than_a_day_at_both_ends(start: datetime, length: timedelta) -> None:
    """They begin and end at midnight; without any they are empty, at the end of the window."""
    days = Period(start, start + length).complete_days()
    assert days.start == floor(days.start, "day") or not days.days
    assert not days.days % 1
    assert start <= days.start <= days.end <= start + length
    assert days.start - start < timedelta(days=2)
    assert start + length - days.end < timedelta(days=1)
    assert not days.days or days.start - start < timedelta(days=1)


@given(MOMENTS, st.sampled_from(["day", "week", "month"]), st.integers(1, 400))
def test_periods_tile_the_window(start: datetime, grain: str, days: int) -> None:
    """Periods follow each other without gap or overlap, and cover the window."""
    window = Period(start, start + timedelta(days=days))
    periods = list(split(window, grain))
    assert periods[0].start <= window.start
    assert periods[-1].end >= window.end
    assert all(a.end == b.start for a, b in itertools.pairwise(periods))
    assert sum(period.intersection(window).days for period in periods) == pytest.approx(days)


def test_a_week_with_a_clock_change_has_seven_days() -> None:
    """The night of daylight saving has 23 hours and is one day all the same."""
    monday = to_utc(datetime(2026, 3, 23), "Europe/Berlin")
    assert to_utc(datetime(2026, 3, 30), "Europe/Berlin") - monday == timedelta(days=7, hours=-1)
    (week,) = split(Period(datetime(2026, 3, 23), datetime(2026, 3, 30)), "week")
    assert week.days == 7


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-07-01", "Europe/Berlin", datetime(2026, 7, 1)),
        ("2026-07-01T12:00", "Europe/Berlin", datetime(2026, 7, 1, 12)),
        ("2026-07-01T12:00:00Z", "Europe/Berlin", datetime(2026, 7, 1, 14)),
        ("90d", "UTC", AS_OF - timedelta(days=90)),
        ("2w", "Asia/Kolkata", AS_OF - timedelta(days=14) + timedelta(hours=5, minutes=30)),
        ("1y", "UTC", AS_OF - timedelta(days=365)),
    ],
)
def test_moments_as_people_give_them(text: str, zone: str, expected: datetime) -> None:
    """A date is that local midnight, an age counts back from the end of the data."""
    assert parse_moment(text, zone, AS_OF) == expected


@pytest.mark.parametrize("text", ["yesterday", "90", "2026-13-01", "", "d90", "9999999d", "9999y", "all"])
def test_not_a_date(text: str) -> None:
    """Anything else is refused by name."""
    with pytest.raises(UsageError, match="is not a date"):
        parse_moment(text, "UTC", AS_OF)


@pytest.mark.parametrize(
    ("words", "as_of", "start", "end", "before"),
    [
        ("this quarter", AS_OF, datetime(2026, 10, 1), None, datetime(2026, 7, 1)),
        ("last quarter", AS_OF, datetime(2026, 7, 1), datetime(2026, 10, 1), datetime(2026, 4, 1)),
        ("last-quarter", datetime(2026, 2, 1), datetime(2025, 10, 1), datetime(2026, 1, 1), datetime(2025, 7, 1)),
        ("this year", AS_OF, datetime(2026, 1, 1), None, datetime(2025, 1, 1)),
        # The data ends at the midnight that ends the quarter, in Berlin two hours before that of UTC.
        ("this quarter", datetime(2026, 9, 30, 22), datetime(2026, 7, 1), datetime(2026, 10, 1), datetime(2026, 4, 1)),
        ("7d", AS_OF, AS_OF + timedelta(days=-7, hours=1), None, AS_OF + timedelta(days=-14, hours=1)),
    ],
)
def test_quarters_and_years_are_those_of_the_calendar(
    words: str, as_of: datetime, start: datetime, end: datetime | None, before: datetime
) -> None:
    """Local quarters and years in which the data ends; the window before is the quarter or year before, else equal."""
    assert parse_window(words, None, "Europe/Berlin", as_of) == (start, end)
    assert previous_window(words, None, "Europe/Berlin", as_of) == Period(before, start)


def test_an_end_of_its_own_shortens_a_quarter() -> None:
    """Until the end that is given, and compared with an equal window; without a start there is none before."""
    assert parse_window("last quarter", "2026-08-01", "UTC", AS_OF) == (datetime(2026, 7, 1), datetime(2026, 8, 1))
    assert previous_window("last quarter", "2026-08-01", "UTC", AS_OF) == Period(
        datetime(2026, 5, 31), datetime(2026, 7, 1)
    )
    assert previous_window(None, None, "UTC", AS_OF) is None


@given(MOMENTS, st.sampled_from(ZONES))
def test_local_and_back(moment: datetime, zone: str) -> None:
    """A local time that happened is the instant it came from, save in an hour that happens twice."""
    there = to_utc(to_local(moment, zone), zone)
    repeated = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).fold
    assert there == moment - timedelta(hours=1) * repeated


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30", "30d"), ("30.0", "30d"), ("30 days", "30d"), ("last 30 days", "30d"), ("30D", "30d"), ("-30d", "30d"),
        ("3 months", "90d"), ("2 weeks ago", "2w"), ("12 hours", "12h"), ("1 quarter", "90d"), ("yesterday", "1d"),
        ("2026-7-1", "2026-07-01"), ("2026/07/01", "2026-07-01"), ("01.07.2026", "2026-07-01"),
        ("2026-07", "2026-07-01"), ("2026", "2026-01-01"), ("all", None),
        ("last_qurter", "last quarter"), ("quarter", "this quarter"), ("07/01/2026", None),
        ("1 decade", None), ("2026-02-30", None), ("", None),
    ],
)  # fmt: skip
def test_what_is_no_date_suggests_what_was_meant(text: str, meant: str | None) -> None:
    """An age, day or window in other words is suggested as this program reads it; what is unclear is not guessed."""
    assert periods.suggest_moment(text) == meant
    if meant and meant not in periods.CALENDAR:
        with pytest.raises(UsageError, match=rf"is not a date. Next: did you mean {meant}\?"):
            periods.parse_moment(text, "UTC", datetime(2026, 7, 1))
        periods.parse_moment(meant, "UTC", datetime(2026, 7, 1))
