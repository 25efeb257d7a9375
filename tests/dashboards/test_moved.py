"""What changed beyond noise: as one of many comparisons, a move has to be larger to be called one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import NormalDist

import pytest
from streamlit.testing.v1 import AppTest

import dora
from dashboards.cards import KEYS
from dashboards.moved import stands
from dora import Move, Value
from tests.dashboards.reading import said, table
from tests.dashboards.test_charts import SHARE, value

Run = Callable[..., AppTest]


def share(amount: float) -> Value:
    return value(amount=amount, **SHARE)


def move(direction: int, low: float | None, high: float | None) -> Move:
    return Move("+1 %", direction, True, low, high)


@pytest.mark.parametrize(
    ("now", "before", "seen", "most"),
    [
        (share(0.3), share(0.1), move(1, 0.1, 0.3), 9_000),  # 0.2 with ± 0.1: 3.9 standard errors
        (share(0.1), share(0.3), move(-1, -0.3, -0.1), 9_000),
        (value(amount=math.e), value(amount=1.0), move(1, math.exp(0.5), math.exp(1.5)), 9_000),
    ],
)
def test_the_limits_are_those_of_all_comparisons_together(now: Value, before: Value, seen: Move, most: int) -> None:
    """By hand: a difference of 3.92 standard errors stands among so many that 2.5 % over them lies beyond 3.92."""
    limit = round(0.025 / (1 - NormalDist().cdf(2 * NormalDist().inv_cdf(0.975))))
    assert limit < most
    assert stands(now, before, seen, among=limit - 1)
    assert not stands(now, before, seen, among=limit + 1)


@pytest.mark.parametrize("seen", [move(1, None, 0.3), move(1, -0.1, 0.3)])
def test_without_a_bound_or_within_noise_nothing_stands(seen: Move) -> None:
    """An end without a bound excludes nothing, and what alone is noise is noise among many."""
    assert not stands(share(0.2), share(0.1), seen, among=1)


def test_a_duration_of_nothing_has_no_ratio() -> None:
    """From zero there is no ratio to judge."""
    assert not stands(value(amount=1.0), replace(value(amount=1.0), value=0.0), move(1, 0.5, 2.0), among=1)


def test_the_list_names_who_moved_and_what_got_worse_first(run: Run, organisation: Path) -> None:
    """A day that parts before from after, chosen so that lead time moves: its rows are judged, worse before better."""
    page = run(organisation, window="all", compare="before a day")
    readings = list(table(page, "reading").get("reading", []))
    assert readings == sorted(readings, reverse=True)
    assert set(readings) <= {"worse", "better"}
    assert ("says more than chance" in said(page)) == (not readings)


def test_nothing_is_listed_where_nothing_is_compared(run: Run, organisation: Path) -> None:
    """Without a window before, and against another team, there is no such list."""
    for address in ({"compare": "nothing"}, {"team": "money", "compare": "another team", "other": "finding"}):
        page = run(organisation, **address)
        assert table(page, "reading").empty
        assert "says more than chance" not in said(page)


def test_signals_are_the_doors_strong_ones_of_the_window(run: Run, organisation: Path) -> None:
    """Limits come from all of history; what is listed lies in the window, the latest week first, none of them weak."""
    delivery = dora.open(organisation)
    starts = delivery.about()["as_of"] - timedelta(days=180)
    series = [one for name in KEYS for one in delivery.signals(name, dora.Scope(by="team"))]
    strong = sorted(
        (one.weeks[finding.last].period for one in series for finding in one.findings if not finding.weak), reverse=True
    )
    listed = table(run(organisation, window="180d"), "signal")
    weeks = [f"{week:%-d %b %Y}" for week in strong if week >= starts]
    assert list(listed.get("week", [])) == weeks[:8]
    assert len(strong) > len(weeks)
