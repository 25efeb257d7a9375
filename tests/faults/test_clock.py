"""A clock that jumps changes no row and no number."""

from __future__ import annotations

import os

import pytest

from tests.faults.clocks import DAY, Clocks
from tests.faults.injector import Clock
from tests.faults.state import compare

JUMPS = {"back an hour": -3600, "back a day": -DAY, "ahead 40 days": 40 * DAY, "back to 2000": -9_700 * DAY}

# All of them by `make faults`, which sets $EVERY.
FEW = [("back to 2000", "between"), ("ahead 40 days", "within")]
CASES = [(jump, where) for jump in JUMPS for where in ("between", "within")] if os.environ.get("EVERY") else FEW


@pytest.mark.parametrize(("jump", "where"), CASES)
def test_d11_a_clock_that_jumps_changes_nothing(clocks: Clocks, jump: str, where: str) -> None:
    """Wrong in one night, or from its middle on, and right in the next: rows, numbers and a replay are as ever.

    Loads keep their order, and no log is removed. Payloads that a wrong clock made old are compacted, and a replay of
    them is the same.
    """
    right, wrong = clocks.right, clocks.right + JUMPS[jump]
    middle = clocks.clean.outcomes[0].calls // 2
    tonight = Clock(wrong) if where == "between" else Clock(right, wrong, middle)
    nights = clocks.run(tonight, Clock(right + 60))
    assert [(outcome.code, outcome.err) for outcome in nights.outcomes] == [
        (outcome.code, outcome.err) for outcome in clocks.clean.outcomes
    ]
    assert compare(nights.landing, clocks.clean.landing) == {}
    assert compare(nights.build or {}, clocks.clean.build or {}) == {}
    assert compare(nights.replayed, clocks.clean.landing) == {}
    assert nights.loads == sorted(nights.loads)
    assert (len(nights.loads), nights.logs) == (len(clocks.clean.loads), clocks.clean.logs)
    assert nights.is_compacted == (jump == "ahead 40 days")
