"""What a brief may claim: the worst group of all, by far; shifts that stay; and nothing that was said already."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dora.analysis.brief.claims import Claim, ClaimReader, find_outliers, find_shifts, rank_claims
from dora.analysis.weekly_signals import WeeklySeries
from dora.query.value import Scope, Value
from dora.statistics.control_chart import Change
from tests.dora.analysis.weekly_world import MONDAY


def lead_time(group: str | None, hours: float) -> Value:
    """Return a median whose interval reaches from two thirds to one and a half of it."""
    return Value(
        metric="lead_time", group=group, period=None, value=hours, unit="hours", statistic="median", n=200,
        low=hours / 1.5, high=hours * 1.5, open=0, excluded={}, partial=False, reason=None, as_of=None,
        relevant_change=0.1,
    )  # fmt: skip


@pytest.mark.parametrize(("hours", "verdict"), [(1.9, "not significant"), (2.1, "worse")])
def test_an_outlier_is_at_least_twice_as_bad(hours: float, verdict: str) -> None:
    """Its p is three times that of the move, because it is the worst of three groups."""
    values = [lead_time("ada", 1.0), lead_time("bo", 1.1), lead_time("cy", hours)]
    others = lead_time(None, 1.0)
    (claim,) = find_outliers(values, lambda _: others)
    assert (claim.now.group, claim.verdict) == ("cy", verdict)
    move = values[2].compare_to(others)
    assert move is not None
    assert move.p is not None
    assert claim.p == pytest.approx(min(1.0, 3 * move.p))


def shift_of(hours: list[float], index: int) -> Claim:
    """Return the candidate of a weekly series of one group with a change point."""
    weeks = [replace(lead_time("ada", value), period=MONDAY + timedelta(weeks=n)) for n, value in enumerate(hours)]
    change = Change(index, hours[0], hours[index], 0.001)
    series = WeeklySeries("lead_time", "ada", weeks, change=change)

    def read_values(_: str, scope: Scope) -> list[Value]:
        return [lead_time("ada", hours[0] if scope.until == weeks[index].period.isoformat() else hours[-1])]  # type: ignore[union-attr]

    def read_signals(name: str, scope: Scope) -> list[WeeklySeries]:
        return [series] if name == "lead_time" and scope.by else []

    (claim,) = find_shifts(ClaimReader(read_values, read_signals), Scope(), Scope(by="team"), None)
    return claim


def test_a_shift_is_lasting_after_three_weeks() -> None:
    """Three weeks at the new value are a claim with the p of the change point, two are none."""
    claim = shift_of([1.0] * 9 + [3.0] * 3, 9)
    assert (claim.verdict, claim.p, claim.week) == ("worse", 0.001, MONDAY + timedelta(weeks=9))
    assert shift_of([1.0] * 10 + [3.0] * 2, 10).p == 1.0


def test_what_came_back_is_no_shift() -> None:
    """The last weeks are as those before the change point."""
    assert shift_of([1.0] * 9 + [3.0] * 4 + [1.0] * 3, 9).p == 1.0


def test_a_team_that_moved_as_all_is_no_sentence_of_its_own() -> None:
    """One that moved the other way is one."""

    def move(group: str | None, verdict: str) -> Claim:
        now, before = lead_time(group, 2.0), lead_time(group, 1.0)
        return Claim("move", now, 0.0, verdict, before, now.compare_to(before), total=group is None)  # type: ignore[arg-type]

    claims = [move(None, "worse"), move("ada", "worse"), move("bo", "better")]
    assert [claim.now.group for claim in rank_claims(claims, claims)] == [None, "bo"]
