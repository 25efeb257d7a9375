"""Sentences of the pages."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dashboards.queries import text


def test_a_moment_is_local_and_names_its_zone() -> None:
    """The hour is that of the organisation, on its own day; no moment is a dash."""
    late = datetime(2026, 7, 1, 22, 30)
    assert text.moment(late, "UTC") == "1 Jul 2026 22:30 UTC"
    assert text.moment(late, "Europe/Berlin") == "2 Jul 2026 00:30 Europe/Berlin"
    assert text.moment(None, "UTC") == "–"


@pytest.mark.parametrize(("hours", "said"), [(37, "37 hours"), (47.4, "47 hours"), (48, "2 days"), (240, "10 days")])
def test_an_age_is_in_hours_and_later_in_days(hours: float, said: str) -> None:
    """Two days on, hours no longer help."""
    assert text.age(timedelta(hours=hours)) == said


@pytest.mark.parametrize(
    ("hours", "said"), [(0.01, "1 min"), (1.4, "84 min"), (1.5, "1.5 h"), (47.9, "47.9 h"), (60, "2.5 days")]
)
def test_a_duration_has_the_unit_that_fits(hours: float, said: str) -> None:
    """Minutes, hours or days: whichever reads as a small number."""
    assert text.hours(hours) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 changes"), (1, "1 change"), (2, "2 changes"), (1468, "1,468 changes")]
)
def test_counts_have_their_plural(count: int, said: str) -> None:
    """One is one, all else are many, thousands are marked."""
    assert text.counted(count, "change") == said
