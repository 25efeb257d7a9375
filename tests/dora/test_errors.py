"""Messages about names that do not exist."""

from __future__ import annotations

import pytest

from dora.errors import suggest
from dora.sql.catalog import metrics


@pytest.mark.parametrize(
    ("name", "next_step"),
    [
        ("leadtime", "did you mean lead_time?"),
        ("Lead Time", "did you mean lead_time?"),
        ("cfr", "did you mean change_failure_rate?"),
        ("failure", "did you mean change_failure_rate?"),
        ("repairtime", "did you mean repair_time?"),
    ],
)
def test_the_nearest_name_is_suggested(name: str, next_step: str) -> None:
    """Other letters, another case, a part and initials lead to the name that was meant."""
    assert suggest(name, metrics()) == next_step


def test_without_a_near_name_the_first_ones_are_listed() -> None:
    """A list of hundreds of applications ends with their number."""
    assert suggest("zzz", ["b", "a"]) == "use one of a, b."
    assert suggest("zzz", [f"shop-{number:03}" for number in range(810)]).endswith("shop-019 and 790 more.")
    assert suggest("zzz", []) == "there is none yet."
