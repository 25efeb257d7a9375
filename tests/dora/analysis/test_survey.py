"""Benchmarks: the reports' own cells, with the probability of standing there, and never more than is known."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.analysis import survey
from dora.errors import UsageError
from dora.statistics.intervals import share_below
from tests.conftest import SHARED

TABLE = tomllib.loads((Path(survey.__file__).parent / "survey.toml").read_text())


def exactly(value: float) -> survey.ProbabilityBelow:
    return lambda x: float(value < x)


@pytest.mark.parametrize(
    ("year", "metric", "value", "who"),
    [
        (2024, "lead_time", 0.8, "elite"),
        (2024, "lead_time", 30, "high"),
        (2024, "lead_time", 9000, "low"),
        (2021, "lead_time", 5, "between elite and high"),
        (2021, "lead_time", 300, "between high and medium"),
        (2024, "deployment_frequency", 4, "elite"),
        (2024, "deployment_frequency", 0.5, "high"),
        (2024, "deployment_frequency", 0.001, "low"),
        (2024, "change_failure_rate", 0.06, "elite"),
        (2024, "change_failure_rate", 0.11, "medium"),
        (2024, "change_failure_rate", 0.22, "high"),
        (2019, "change_failure_rate", 0.3, "between elite, high or medium and low"),
        (2024, "recovery_time", 0.5, "elite"),
        (2024, "recovery_time", 20, "high or medium"),
        (2018, "deployment_frequency", 8, "high or elite"),
    ],
)
def test_a_known_number_has_its_cell(year: int, metric: str, value: float, who: str) -> None:
    """A value known exactly stands where the report's table says, or between two of its cells."""
    found = survey.estimate_tier(year, metric, exactly(value))
    assert found is not None
    assert (found.tier, found.probability, found.year) == (who, 1.0, year)
    assert str(year) in found.source


def test_little_evidence_names_more_tiers() -> None:
    """One failure of 12 may be anything but low; 50 of 1,000 is elite for sure."""
    few = survey.estimate_tier(2024, "change_failure_rate", lambda x: share_below(1, 12, min(x, 1.0)))
    many = survey.estimate_tier(2024, "change_failure_rate", lambda x: share_below(50, 1000, min(x, 1.0)))
    assert few is not None
    assert many is not None
    assert few.tier == "elite or medium or high"
    assert (many.tier, many.probability) == ("elite", pytest.approx(0.998, abs=0.002))


@given(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([2018, 2021, 2024])
)
def test_whoever_is_named_is_named_with_four_fifths(case: tuple[int, int], year: int) -> None:
    """Whatever was seen, what is said has a probability of at least 80 %, and at most 1."""
    found = survey.estimate_tier(year, "change_failure_rate", lambda x: share_below(*case, min(x, 1.0)))
    assert found is not None
    assert survey.MIN_PROBABILITY <= found.probability <= 1 + 1e-9


def test_a_year_without_tiers_has_percentiles() -> None:
    """2025 tells only how answers were spread: 1 hour is its sixth answer of six, 19 % failures its middle."""
    assert survey.estimate_tier(2025, "lead_time", exactly(1)) is None
    best = survey.percentile(2025, "lead_time", 0.5, higher=False)
    middle = survey.percentile(2025, "change_failure_rate", 0.19, higher=False)
    worst = survey.percentile(2025, "deployment_frequency", 0.001, higher=True)
    assert best is not None
    assert middle is not None
    assert worst is not None
    assert best.worse == pytest.approx(0.9696, abs=1e-3)
    assert middle.worse == pytest.approx(0.5)
    assert worst.worse == pytest.approx(0.0432, abs=1e-3)
    assert survey.percentile(2024, "lead_time", 1, higher=False) is None
    assert survey.estimate_tier(2024, "rework_rate", exactly(0.1)) is None


def test_a_year_that_could_not_be_read_is_refused() -> None:
    """2022 has no table here, and the error names those that have."""
    with pytest.raises(UsageError, match="2022") as refused:
        survey.estimate_tier(2022, "lead_time", exactly(1))
    assert "2024" in refused.value.next_step


def test_cells_stand_in_order() -> None:
    """Cells rise and do not overlap, so probabilities add up to one."""
    for year in map(str, survey.years()):
        for metric, cells in TABLE[year].items():
            if isinstance(cells, list):
                edges = [edge for _, low, high in cells for edge in (low, high)]
                assert edges == sorted(edges), (year, metric)
                assert all(math.isfinite(edge) or edge == math.inf for edge in edges)


@pytest.mark.shared
def test_shares_and_spreads_are_the_published_ones() -> None:
    """The clusters' sizes and the means and deviations of 2025 are those of the collected tables."""
    told = json.loads((SHARED / "benchmarks.json").read_text())
    for year in ("2018", "2019", "2021"):
        assert TABLE[year]["share"] == {name: told[year]["share"][name] for name in ("elite", "high", "medium", "low")}
    names = {"lead_time": "leadtime", "deployment_frequency": "deployfreq", "recovery_time": "failurerecovery"}
    for ours, theirs in (names | {"change_failure_rate": "changefailure", "rework_rate": "rework"}).items():
        assert [TABLE["2025"][ours]["mean"], TABLE["2025"][ours]["sd"]] == told["2025"]["all_industries"][theirs]
