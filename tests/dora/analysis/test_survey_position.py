"""Survey positions: the probability of a tier is that of the true value, given the observations."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from scipy.stats import beta, binom, gamma

import dora
from dora.analysis.survey_position import _probability_below
from dora.errors import UsageError

START = datetime(2026, 1, 1)
AS_OF = datetime(2026, 3, 2, tzinfo=UTC)


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
    opened = built_in(tmp_path_factory.mktemp("standing"), as_of=AS_OF, **_history())
    yield opened
    opened.close()


def below(delivery: dora.Delivery, metric: str) -> tuple[dora.Value, Any]:
    (value,) = delivery.metric(metric)
    return value, partial(_probability_below, delivery.connection(), value, dora.Scope())


def test_a_share_is_jeffreys(delivery: dora.Delivery) -> None:
    """Two of sixty: scipy's Beta(2.5, 58.5)."""
    value, chance = below(delivery, "change_failure_rate")
    assert value.n == 60
    assert chance(0.05) == pytest.approx(beta(2.5, 58.5).cdf(0.05), abs=1e-9)


def test_a_rate_is_gamma(delivery: dora.Delivery) -> None:
    """58 in the days observed: scipy's Gamma(59); nothing is below nothing, all is below everything."""
    value, chance = below(delivery, "deployment_frequency")
    assert value.scatter == 1.0
    assert chance(1.0) == pytest.approx(gamma(59).cdf(value.days), abs=1e-9)
    assert (chance(0.0), chance(float("inf"))) == (0.0, 1.0)


def test_a_median_is_the_binomial_of_what_lies_below(delivery: dora.Delivery) -> None:
    """With little open it is nearly the chance that more than half of so many draws fall below the limit."""
    value, chance = below(delivery, "lead_time")
    rows = [row for row in delivery.observations("lead_time") if row["excluded"] is None]
    for limit in (2.0, 3.0, 4.0, 6.0, 200.0):
        observed = sum(row["value"] <= limit for row in rows)
        exact = beta(observed + 0.5, len(rows) - observed + 0.5).sf(0.5)
        assert chance(limit) == pytest.approx(exact, abs=0.02)
        assert chance(limit) == pytest.approx(binom(len(rows), 0.5).cdf(observed - 1), abs=0.12)
    assert (chance(0.0), chance(float("inf"))) == (0.0, 1.0)
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
