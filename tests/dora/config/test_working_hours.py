"""Working hours, minute by minute."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from dora.config.working_hours import PATTERN, parse_working_hours

MONDAY = datetime(2026, 3, 2)


@pytest.mark.parametrize(
    ("text", "day", "clock", "inside"),
    [
        ("Mon-Fri 09:00-18:00", 2, "09:00", True),
        ("Mon-Fri 09:00-18:00", 2, "08:59", False),
        ("Mon-Fri 09:00-18:00", 6, "17:59", True),
        ("Mon-Fri 09:00-18:00", 6, "18:00", False),
        ("Mon-Fri 09:00-18:00", 7, "12:00", False),
        ("Sun-Thu 08:30-17:00", 8, "08:30", True),
        ("Sun-Thu 08:30-17:00", 6, "12:00", False),
        ("Sat 00:00-24:00", 7, "23:59", True),
        ("Sat 00:00-24:00", 8, "00:00", False),
        ("Mon-Fri 22:00-06:00", 2, "23:00", True),
        ("Mon-Fri 22:00-06:00", 7, "05:59", True),
        ("Mon-Fri 22:00-06:00", 7, "22:00", False),
        ("Mon-Fri 22:00-06:00", 2, "05:00", False),
    ],
)
def test_contains(text: str, day: int, clock: str, inside: bool) -> None:
    """The start counts and the end does not; a week may begin on any day; a night belongs to the day it begins on."""
    hour, minute = map(int, clock.split(":"))
    assert parse_working_hours(text).contains(MONDAY.replace(day=day, hour=hour, minute=minute)) is inside
    assert re.fullmatch(PATTERN, text)


@pytest.mark.parametrize("text", ["9-18", "Mon-Fri 9:00-18:00", "Mo-Fr 09:00-18:00", "Mon-Fri 09:00-25:00", "Mon-Fri"])
def test_an_invalid_text_does_not_match(text: str) -> None:
    """A build refuses such a text before it starts."""
    assert re.fullmatch(PATTERN, text) is None
