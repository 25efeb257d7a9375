"""Times, ages, counts and durations as the pages write them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dashboards.queries import text


def test_a_time_is_local_and_names_its_zone() -> None:
    """Hour and day are those of the organisation's time zone; null is a dash."""
    late = datetime(2026, 7, 1, 22, 30)
    assert text.format_time(late, "UTC") == "1 Jul 2026 22:30 UTC"
    assert text.format_time(late, "Europe/Berlin") == "2 Jul 2026 00:30 Europe/Berlin"
    assert text.format_time(None, "UTC") == "–"


@pytest.mark.parametrize(("hours", "written"), [(37, "37 hours"), (47.4, "47 hours"), (48, "2 days"), (240, "10 days")])
def test_an_age_is_in_hours_and_from_two_days_on_in_days(hours: float, written: str) -> None:
    """An age changes its unit at 48 hours."""
    assert text.format_age(timedelta(hours=hours)) == written


@pytest.mark.parametrize(
    ("hours", "written"), [(0.01, "1 min"), (1.4, "84 min"), (1.5, "1.5 h"), (47.9, "47.9 h"), (60, "2.5 days")]
)
def test_a_duration_has_the_unit_in_which_it_is_small(hours: float, written: str) -> None:
    """A duration is in minutes below 1.5 hours, in days from 48 hours on."""
    assert text.format_hours(hours) == written


@pytest.mark.parametrize(
    ("count", "written"), [(0, "0 changes"), (1, "1 change"), (2, "2 changes"), (1468, "1,468 changes")]
)
def test_a_count_has_its_plural(count: int, written: str) -> None:
    """Only one is singular; thousands are separated."""
    assert text.format_count(count, "change") == written
