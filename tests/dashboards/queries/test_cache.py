"""Trends of a window: its first and last period are cut, marked as incomplete, and add up to the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import dora
from dashboards.queries import builds, cache
from dashboards.queries.builds import Build
from dashboards.queries.selection import Grain
from dora import Scope


@pytest.fixture
def build(organisation: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    monkeypatch.setenv("DORA_DATABASE", str(organisation))
    return builds.current()


@pytest.mark.parametrize("since", ["33d", "94d", "205d", None])
@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_the_counts_of_a_trend_add_up_to_its_window(build: Build, since: str | None, grain: Grain) -> None:
    """Every period counts what is in the window, and those that the window cuts are incomplete."""
    window = Scope(since)
    for name in ("deployment_frequency", "change_failure_rate"):
        (total,) = cache.values(build, name, window)
        periods = cache.values(build, name, cache.trend_scope(build, window, grain))
        assert sum(value.n for value in periods) == total.n
        assert all(
            value.incomplete for value in periods if value.window_days < {"day": 1, "week": 7, "month": 28}[grain]
        )


def test_the_list_of_a_cut_period_has_what_its_mark_counts(build: Build, organisation: Path) -> None:
    """The list of the first week begins where the window begins."""
    delivery, window = dora.open(organisation), Scope("94d")
    first, *_ = cache.values(build, "rework_rate", cache.trend_scope(build, window, "month"))
    assert first.period
    scope = cache.period_scope(build, window, f"{first.period:%Y-%m-%d}", "month")
    listed = delivery.observations("rework_rate", scope)
    assert sum(row["excluded"] is None for row in listed) == first.n
    whole = cache.period_scope(build, Scope(), f"{first.period:%Y-%m-%d}", "month")
    assert len(listed) < len(
        delivery.observations("rework_rate", replace(window, since=whole.since, until=whole.until))
    )
