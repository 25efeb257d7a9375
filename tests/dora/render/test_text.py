"""Numbers, intervals, evidence and days as people read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

import dora
from dora.query.value import Value
from dora.render.text import days, interval, quantity, short_versions, signed

RATE = Value(
    metric="change_failure_rate", group=None, period=None, value=0.0967, unit="share", statistic="share", n=1468,
    low=0.083, high=0.113, open=0, excluded={}, partial=False, reason=None, as_of=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (None, "hours", "–"),
        (0.0, "hours", "0 s"),
        (0.005, "hours", "18 s"),
        (0.1, "hours", "6.0 min"),
        (0.42, "hours", "25 min"),
        (1.4, "hours", "84 min"),
        (1.6, "hours", "1.6 h"),
        (47.0, "hours", "47 h"),
        (72.0, "hours", "3 d"),
        (24 * 250.0, "hours", "250 d"),
        (0.0967, "share", "9.67 %"),
        (0.0, "share", "0 %"),
        (1.0, "share", "100 %"),
        (0.9999, "share", "99.99 %"),
        (16.31, "per day", "16.3 / day"),
        (1250.4, "per day", "1,250 / day"),
        (0.00752, "per day", "0.00752 / day"),
    ],
)
def test_amounts(amount: float | None, unit: str, text: str) -> None:
    """Three digits, the unit that fits, and a dash for nothing."""
    assert quantity(amount, unit) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.083, 0.113, "95 % CI 8.3–11.3 %"),
        (0.083, None, "95 % CI from 8.3 %, no upper bound"),
        (None, 0.113, "95 % CI up to 11.3 %"),
        (None, None, "no 95 % CI"),
    ],
)
def test_intervals(low: float | None, high: float | None, text: str) -> None:
    """An end without a bound is named; a common unit appears once."""
    assert interval(low, high, "share") == text


def test_two_units_both_appear() -> None:
    """25 minutes to 3 hours is not 25 to 3."""
    assert interval(0.42, 3.0, "hours") == "95 % CI 25 min to 3 h"


def test_limits_that_print_alike_appear_once() -> None:
    """19.9 to 20.04 minutes is 20 min."""
    assert interval(0.332, 0.334, "hours") == "95 % CI 20 min"


def test_evidence_is_one_line() -> None:
    """The size, the interval and what is pending; or the reason why there is no number."""
    assert RATE.evidence == "142 of 1,468 · 95 % CI 8.3–11.3 %"
    assert replace(RATE, open=9).evidence.endswith("9 pending")
    assert replace(RATE, value=None, reason="no deployments to count").evidence == "no deployments to count"
    median = replace(RATE, statistic="median", unit="hours", low=0.3, high=0.5)
    assert median.evidence == "n = 1,468 · 95 % CI 18–30 min"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ((2026, 3, 9), None, "9 March 2026"),
        ((2026, 3, 9, 8), (2026, 3, 9, 20), "9 March 2026"),
        ((2026, 3, 3), (2026, 3, 9), "3–9 March 2026"),
        ((2026, 5, 28), (2026, 6, 3), "28 May – 3 June 2026"),
        ((2025, 12, 30), (2026, 1, 2), "30 December 2025 – 2 January 2026"),
        ((2025, 3, 9), (2026, 3, 9), "9 March 2025 – 9 March 2026"),
    ],
)
def test_days(first: tuple[int, int, int], last: tuple[int, int, int] | None, text: str) -> None:
    """What both ends share appears once."""
    assert days(datetime(*first), datetime(*last) if last else None) == text


def test_the_title_names_another_statistic() -> None:
    """The mean of recovery is labelled MTTR; a metric's own statistic is not named."""
    recovery = dora.metrics()["recovery_time"]
    assert recovery.title_for("median") == "Failed deployment recovery time"
    assert recovery.title_for("mean") == "Failed deployment recovery time, mean (MTTR)"
    assert dora.metrics()["lead_time"].title_for("p90") == "Lead time for changes, 90th percentile"


@pytest.mark.parametrize(
    ("amount", "digits", "text"),
    [(5.04, 1, "+5.0"), (-3.2, 1, "−3.2"), (-0.04, 1, "±0.0"), (0.0, 0, "±0"), (-49.7, 0, "−50")],
)
def test_a_change_has_its_sign(amount: float, digits: int, text: str) -> None:
    """An increase has a plus, a decrease a minus sign, and what rounds to zero has both."""
    assert signed(amount, digits) == text


A, B = "sha256:" + "a" * 64, "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("versions", "texts"),
    [
        (["registry.example:5000/acme/shop:v41", "registry.example:5000/acme/shop:v42"], ["v41", "v42"]),
        ([f"acme/shop@{A}", f"acme/shop@{B}"], ["a" * 12, "ab" * 6]),
        (["acme/shop:2026-03-02-long-tag-1", "acme/shop:2026-03-02-long-tag-2", None],
         ["2026-03-02-long-tag-1", "2026-03-02-long-tag-2", None]),
        (["acme/shop:v1", "acme/cart:v1"], ["shop:v1", "cart:v1"]),
        ([f"acme/shop:v1 acme/proxy@{A}", "acme/shop:v2"], ["shop:v1 proxy:" + "a" * 12, "shop:v2"]),
        (["one/shop:v1", "two/shop:v1"], ["one/shop:v1", "two/shop:v1"]),
        (["ami-0abc", "1.0.3", "build 12 of 2026-03-02T10:00"], ["ami-0abc", "1.0.3", "build 12 of 2026-03-02T10:00"]),
    ],
)  # fmt: skip
def test_versions_that_differ_never_look_alike(versions: list[str | None], texts: list[str | None]) -> None:
    """A tag is whole, a digest has twelve digits, a name is there if several occur, any other version is unchanged."""
    assert short_versions(versions) == texts
