"""The DORA survey: the tiers of the reports, with the probability of a value being in them."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.analysis import survey_position as survey
from dora.errors import UsageError
from dora.statistics.intervals import share_below
from tests.conftest import SHARED

TABLE = tomllib.loads((Path(survey.__file__).parent / "survey.toml").read_text())


def known(value: float) -> survey.ProbabilityBelow:
    return lambda x: float(value < x)


@pytest.mark.parametrize(
    ("year", "metric", "value", "tier"),
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
def test_a_known_value_is_in_the_tier_of_the_report(year: int, metric: str, value: float, tier: str) -> None:
    """A value known without error is in one tier of the report's table, or between two of them."""
    assert survey.estimate_tier(year, metric, known(value)) == (tier, 1.0)
    assert str(year) in survey.table(year)["source"]


def test_little_evidence_names_more_tiers() -> None:
    """One failure of 12 may be any tier but low; 50 of 1,000 is elite almost for certain."""
    few = survey.estimate_tier(2024, "change_failure_rate", lambda limit: share_below(1, 12, min(limit, 1.0)))
    many = survey.estimate_tier(2024, "change_failure_rate", lambda limit: share_below(50, 1000, min(limit, 1.0)))
    assert few is not None
    assert few[0] == "elite or medium or high"
    assert many == ("elite", pytest.approx(0.998, abs=0.002))


@given(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([2018, 2021, 2024])
)
def test_an_estimate_is_at_least_80_percent_probable(cases: tuple[int, int], year: int) -> None:
    """Whatever the observations, the tiers named have a probability of at least 80 %, and at most 1."""
    estimate = survey.estimate_tier(year, "change_failure_rate", lambda limit: share_below(*cases, min(limit, 1.0)))
    assert estimate is not None
    assert survey.MIN_PROBABILITY <= estimate[1] <= 1 + 1e-9


def test_a_year_without_tiers_has_percentiles() -> None:
    """2025 reports only a distribution: 1 hour is the best of six answers, 19 % failures the middle one."""
    assert survey.estimate_tier(2025, "lead_time", known(1)) is None
    assert survey.share_worse(2025, "lead_time", 0.5, higher=False) == pytest.approx(0.9696, abs=1e-3)
    assert survey.share_worse(2025, "change_failure_rate", 0.19, higher=False) == pytest.approx(0.5)
    assert survey.share_worse(2025, "deployment_frequency", 0.001, higher=True) == pytest.approx(0.0432, abs=1e-3)
    assert survey.share_worse(2024, "lead_time", 1, higher=False) is None
    assert survey.estimate_tier(2024, "rework_rate", known(0.1)) is None


def test_a_year_without_a_table_is_a_usage_error() -> None:
    """2022 has no table, and the error names the years that have one."""
    with pytest.raises(UsageError, match="2022") as error:
        survey.estimate_tier(2022, "lead_time", known(1))
    assert "2024" in error.value.next_step


def test_tiers_are_in_order() -> None:
    """Tiers rise and do not overlap, so that their probabilities add up to one."""
    for year in map(str, survey.years()):
        for metric, tiers in TABLE[year].items():
            if isinstance(tiers, list):
                edges = [edge for _, low, high in tiers for edge in (low, high)]
                assert edges == sorted(edges), (year, metric)
                assert all(math.isfinite(edge) or edge == math.inf for edge in edges)


@pytest.mark.shared
def test_shares_and_distributions_are_the_published_ones() -> None:
    """The sizes of the clusters, and the means and standard deviations of 2025, are those of the collected tables."""
    published = json.loads((SHARED / "benchmarks.json").read_text())
    for year in ("2018", "2019", "2021"):
        assert TABLE[year]["share"] == {
            name: published[year]["share"][name] for name in ("elite", "high", "medium", "low")
        }
    names = {"lead_time": "leadtime", "deployment_frequency": "deployfreq", "recovery_time": "failurerecovery"}
    for ours, theirs in (names | {"change_failure_rate": "changefailure", "rework_rate": "rework"}).items():
        assert [TABLE["2025"][ours]["mean"], TABLE["2025"][ours]["sd"]] == published["2025"]["all_industries"][theirs]
