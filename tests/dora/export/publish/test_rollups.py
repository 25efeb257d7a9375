"""Roll-ups: each row is a line of `dora show`."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

import dora
from dora.export.publish import rollups
from dora.export.publish.rollups import QUANTILES, ROLLUPS, WINDOWS
from dora.query.plan import SPREAD

DAILY, _, RECENT = ROLLUPS


def number(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in rollups.NUMBERS if name not in ("reason",))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> list[dora.Metric]:
    """One metric of each kind, and applications in several parts."""
    some = {name: dora.metrics()[name] for name in ("change_failure_rate", "deployment_frequency", "lead_time")}
    monkeypatch.setattr(rollups, "metrics", lambda: some)
    monkeypatch.setattr(rollups, "APPLICATIONS_AT_ONCE", 2)
    return list(some.values())


@pytest.mark.parametrize("rollup", ROLLUPS, ids=lambda rollup: rollup.table.name)
def test_a_row_is_a_line_of_show(small: dora.Delivery, rollup: rollups.Rollup, few: list[dora.Metric]) -> None:
    """For each metric, statistic, owner and period in which there was anything."""
    rows = {tuple(row[key] for key in rollup.table.unique_key): row for row in rollup.rows(small)}
    expected = {}
    for metric in few:
        for statistic in (metric.statistic, *(QUANTILES if metric.statistic in SPREAD and rollup.statistics else ())):
            for owner, by in rollups.OWNERS.items():
                for window in WINDOWS if rollup.every is None else ("all",):
                    for value in small.metric(
                        metric.name, by=by, every=rollup.every, since=window, statistic=statistic
                    ):
                        period = value.period.date() if value.period else window
                        if value.n or value.open or value.excluded or value.value is not None:
                            expected[metric.name, statistic, owner, value.group or "", period] = value
    assert rows.keys() == expected.keys()
    for key, value in expected.items():
        assert tuple(rows[key][name] for name in rollups.NUMBERS if name != "reason") == number(value), key
        assert (rows[key]["value"] is None) == (rows[key]["reason"] is not None)


def test_the_sum_of_values_is_that_of_the_observations(small: dora.Delivery) -> None:
    """Of a share the number of cases, so that shares of longer spans are sums over sums."""
    for row in RECENT.rows(small):
        if row["statistic"] == "share" and row["n"]:
            assert row["total"] / row["n"] == row["value"]
        if row["statistic"] == "count":
            assert row["total"] == row["n"]


def test_days_are_the_last_ones_and_none_is_cut(small: dora.Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is a whole local day; weeks are of all history."""
    monkeypatch.setattr(rollups, "DAYS", 10)
    daily = rollups.Rollup(DAILY.table, "day", ("10d",), ())
    days = {row["period"]: row["partial"] for row in daily.rows(small) if row["metric"] == "deployment_frequency"}
    assert min(days) == date(2026, 5, 22)
    assert not any(days.values())
