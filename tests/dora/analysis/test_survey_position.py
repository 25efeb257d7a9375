"""Survey positions: the tiers of the reports, and the probability that the true value is in them."""

from __future__ import annotations

import json
import math
import random
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom, gamma

import dora
from dora.analysis import survey_position as survey
from dora.analysis.survey_position import probability_below, read_curves
from dora.errors import UsageError
from dora.statistics.intervals import mean_below, share_below
from tests.conftest import SHARED

TABLE = tomllib.loads((Path(survey.__file__).parent / "survey.toml").read_text())
START = datetime(2026, 1, 1)
AS_OF = datetime(2026, 3, 2, tzinfo=UTC)


def exact_value(value: float) -> survey.ProbabilityBelow:
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
def test_an_exact_value_is_in_the_tier_of_the_report(year: int, metric: str, value: float, tier: str) -> None:
    """An exact value is in one tier of the report's table, or between two of them."""
    assert survey.estimate_tier(year, metric, exact_value(value)) == (tier, 1.0)
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
    """For all observations the named tiers have a probability between 80 % and 1."""
    estimate = survey.estimate_tier(year, "change_failure_rate", lambda limit: share_below(*cases, min(limit, 1.0)))
    assert estimate is not None
    assert survey.MIN_PROBABILITY <= estimate[1] <= 1 + 1e-9


def test_a_year_without_tiers_has_percentiles() -> None:
    """2025 reports only a distribution: 1 hour is the best of six answers, 19 % failures the middle one."""
    assert survey.estimate_tier(2025, "lead_time", exact_value(1)) is None
    assert survey.share_worse(2025, "lead_time", 0.5, higher=False) == pytest.approx(0.9696, abs=1e-3)
    assert survey.share_worse(2025, "change_failure_rate", 0.19, higher=False) == pytest.approx(0.5)
    assert survey.share_worse(2025, "deployment_frequency", 0.001, higher=True) == pytest.approx(0.0432, abs=1e-3)
    assert survey.share_worse(2024, "lead_time", 1, higher=False) is None
    assert survey.estimate_tier(2024, "rework_rate", exact_value(0.1)) is None


def test_a_year_without_a_table_is_a_usage_error() -> None:
    """2022 has no table, and the error names the years that have one."""
    with pytest.raises(UsageError, match="2022") as error:
        survey.estimate_tier(2022, "lead_time", exact_value(1))
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


def _history() -> dict[str, str]:
    """Sixty days: a change a day that waits some hours, two deployments of seventy that fail."""
    dice = random.Random(2)
    changes = ["repository | sha | parents | authored_at | committed_at"]
    deployments = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    parent = ""
    for day in range(60):
        sha, at = f"{day + 1:040x}", START + timedelta(days=day, hours=1)
        done = at + timedelta(hours=min(dice.lognormvariate(1.2, 1), 20))
        status = "failed" if day in (20, 40) else "succeeded"
        changes.append(f"acme/shop | {sha} | {parent} | {at} | {at}")
        deployments.append(f"{day} | shop | production | {status} | {at} | {done} | acme/shop | {sha}")
        parent = sha
    return {"changes": "\n".join(changes), "deployments": "\n".join(deployments)}


@pytest.fixture(scope="module")
def delivery(
    tmp_path_factory: pytest.TempPathFactory, built_in: Callable[..., dora.Delivery]
) -> Iterator[dora.Delivery]:
    delivery = built_in(tmp_path_factory.mktemp("survey"), as_of=AS_OF, **_history())
    yield delivery
    delivery.close()


LIMITS = (2.0, 3.0, 4.0, 6.0, 200.0)  # hours


def value_and_probability(delivery: dora.Delivery, metric: str) -> tuple[dora.Value, Any]:
    (value,) = delivery.metric(metric)
    curves = read_curves(delivery.connection(), metric, dora.Scope(), LIMITS)
    return value, partial(probability_below, value, curves)


def test_a_share_is_jeffreys(delivery: dora.Delivery) -> None:
    """Two of sixty: scipy's Beta(2.5, 58.5)."""
    value, probability_below = value_and_probability(delivery, "change_failure_rate")
    assert value.n == 60
    assert probability_below(0.05) == pytest.approx(beta(2.5, 58.5).cdf(0.05), abs=1e-9)


def test_a_rate_is_gamma(delivery: dora.Delivery) -> None:
    """58 in the days observed: scipy's Gamma(58.5) by Jeffreys; nothing is below nothing, all is below everything."""
    value, probability_below = value_and_probability(delivery, "deployment_frequency")
    assert value.scatter == 1.0
    assert probability_below(1.0) == pytest.approx(gamma(58.5).cdf(value.days), abs=1e-9)
    assert (probability_below(0.0), probability_below(float("inf"))) == (0.0, 1.0)


def test_no_deployment_in_a_month_leans_to_no_tier() -> None:
    """P(at least 1 a month | 0 in 30 days) is 0.160; a flat prior says 0.373."""
    assert 1 - mean_below(0, 30 / 30.4375) == pytest.approx(0.160, abs=0.0005)
    assert mean_below(3, 2.0) == pytest.approx(gamma(3.5).cdf(2.0), abs=1e-9)


def test_less_than_two_weeks_have_no_position(delivery: dora.Delivery) -> None:
    """Thirteen observed days are no benchmark, fourteen are; the reason says so."""
    for days, reason in (("13d", "observed on 13 days; a position needs 14"), ("14d", None)):
        (position,) = [row for row in delivery.benchmark(2024, dora.Scope(since=days)) if row.value.unit == "per day"]
        assert (position.reason, position.tier is None) == (reason, reason is not None)


def test_a_median_is_the_binomial_of_what_lies_below(delivery: dora.Delivery) -> None:
    """With little open it is nearly the chance that more than half of so many draws fall below the limit."""
    value, probability_below = value_and_probability(delivery, "lead_time")
    rows = [row for row in delivery.observations("lead_time") if row["excluded"] is None]
    for limit in LIMITS:
        observed = sum(row["value"] <= limit for row in rows)
        exact = beta(observed + 0.5, len(rows) - observed + 0.5).sf(0.5)
        assert probability_below(limit) == pytest.approx(exact, abs=0.02)
        assert probability_below(limit) == pytest.approx(binom(len(rows), 0.5).cdf(observed - 1), abs=0.12)
    assert (probability_below(0.0), probability_below(float("inf"))) == (0.0, 1.0)
    assert value.open <= 2


def test_every_number_says_where_it_stands(delivery: dora.Delivery) -> None:
    """A tier with at least 80 %, or the share of answers that were worse, and always whose table it is."""
    tiers = {row.value.metric: row for row in delivery.benchmark(2024)}
    assert tiers["lead_time"].tier == "elite"
    failing = tiers["change_failure_rate"]  # elite reaches half-way from 5 % to the next cell, 10 %
    assert (failing.tier, failing.probability) == ("elite", pytest.approx(beta(2.5, 58.5).cdf(0.075)))
    assert all(row.probability >= 0.8 for row in tiers.values() if row.probability is not None)
    assert tiers["rework_rate"].tier is None
    spread = {row.value.metric: row for row in delivery.benchmark(2025)}
    assert spread["lead_time"].worse == pytest.approx(0.849, abs=0.01)
    assert spread["lead_time"].plain()["source"] == "DORA 2025, all industries"
    with pytest.raises(UsageError, match="2023"):
        delivery.benchmark(2023)


def test_groups_stand_by_their_own_numbers(delivery: dora.Delivery) -> None:
    """By application the median's chance comes from that application's rows."""
    alone = [row.probability for row in delivery.benchmark(2024, dora.Scope(by="application"))]
    assert alone == [row.probability for row in delivery.benchmark(2024)]
