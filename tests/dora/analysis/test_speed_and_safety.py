"""Whether more frequent deployments go with smaller and safer changes: figures worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

import dora
from dora.analysis.speed_and_safety import CAVEATS
from dora.errors import UsageError
from dora.statistics import wilson

START = datetime(2026, 1, 5)
WEEKS = 4
# application: deployments a week, how many of all fail, changes in each deployment
PLAN = {
    "busy": (10, 1, 1),
    "brisk": (8, 2, 1),
    "calm": (5, 4, 2),
    "slow": (4, 6, 4),
    "rare": (3, 6, 8),
    "new": (1, 0, 1),
}


def facts() -> dict[str, str]:
    """Six applications of four weeks; the last ones of each failed: an incident names them."""
    changes = ["repository | sha | parents | authored_at | committed_at"]
    incidents = ["id | application | opened_at | resolved_at | deployment"]
    deployments = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    for application, (weekly, failed, size) in PLAN.items():
        commits, total = 0, weekly * WEEKS
        for number in range(total):
            at = START + timedelta(days=7 * (number // weekly), hours=3 * (number % weekly))
            for _ in range(size):
                commits += 1
                parent = sha(application, commits - 1) if commits > 1 else ""
                changes.append(f"acme/{application} | {sha(application, commits)} | {parent} | {at} | {at}")
            done, name = at + timedelta(minutes=30), f"{application}-{number}"
            if number >= total - failed:
                incidents.append(f"i-{name} | {application} | {done} | {done + timedelta(hours=1)} | {name}")
            fields = f"{name} | {application} | production | succeeded | {at} | {done}"
            deployments.append(f"{fields} | acme/{application} | {sha(application, commits)}")
    texts = {"changes": changes, "deployments": deployments, "incidents": incidents}
    return {kind: "\n".join(lines) for kind, lines in texts.items()}


def sha(application: str, number: int) -> str:
    return f"{number:08x}{application.encode().hex():0<32}"


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory, built_in: Callable[..., dora.Delivery]) -> dora.Delivery:
    end = (START + timedelta(days=7 * WEEKS + 7)).replace(tzinfo=UTC)
    return built_in(tmp_path_factory.mktemp("speed"), as_of=end, **facts())


def test_each_application_is_its_own_row_with_its_interval(delivery: dora.Delivery) -> None:
    """By hand: busy has 40 deployments of which one failed; new has four, too few to be ranked."""
    rows = {row["application"]: row for row in delivery.speed_and_safety().applications}
    assert set(rows) == set(PLAN) - {"new"}
    assert {name: (row["deployments"], row["failed"]) for name, row in rows.items()} == {
        "busy": (40, 1), "brisk": (32, 2), "calm": (20, 4), "slow": (16, 6), "rare": (12, 6),
    }  # fmt: skip
    assert rows["busy"]["share"] == 1 / 40
    assert (rows["busy"]["low"], rows["busy"]["high"]) == wilson(1, 40)
    assert rows["busy"]["evidence"].startswith("1 of 40 · 95 % CI 0.4–")
    days = delivery.metric("deployment_frequency", by="application", where={"application": "busy"}).rows[0]
    assert rows["busy"]["per_day"] == days.value


def test_between_applications_the_ranks_are_as_they_were_planned(delivery: dora.Delivery) -> None:
    """The more often, the smaller the share that fails and the batch: the ranks run against each other throughout."""
    analysis = delivery.speed_and_safety()
    assert analysis.between is not None
    assert analysis.between.value == pytest.approx(-1.0)
    assert analysis.smaller is not None
    oracle = stats.spearmanr([40, 32, 20, 16, 12], [1, 1, 2, 4, 8]).statistic
    assert analysis.smaller.value == pytest.approx(oracle)
    assert "smaller share of the time" in analysis.readings["between"]


def test_failures_that_grow_slower_than_deployments_say_safer(delivery: dora.Delivery) -> None:
    """Most failures where fewest deploy: the exponent is far below one, as least squares of the logs has it."""
    analysis = delivery.speed_and_safety().elasticity
    assert analysis is not None
    pairs = [(weekly * WEEKS, failed) for name, (weekly, failed, _) in PLAN.items() if name != "new"]
    slope = stats.linregress(np.log([x for x, _ in pairs]), np.log([y + 0.5 for _, y in pairs])).slope
    assert analysis.value == pytest.approx(slope)
    assert "the safer each one" in delivery.speed_and_safety().readings["elasticity"]


def test_sizes_are_classed_and_compared(delivery: dora.Delivery) -> None:
    """Busy and brisk bring one change each, calm two, slow four, rare eight; first deployments have no known size."""
    analysis = delivery.speed_and_safety()
    sizes = {row["name"]: (row["deployments"], row["failed"]) for row in analysis.sizes}
    single_change_deployments = 39 + 31 + 3
    assert sizes == {
        "none or one": (single_change_deployments, 3),
        "two or three": (19, 4),
        "four to seven": (15, 6),
        "eight or more": (11, 6),
    }
    assert analysis.difference is not None
    low, high = analysis.difference
    oracle = confint_proportions_2indep(12, 26, 3, single_change_deployments, compare="diff", method="newcomb")
    assert (low, high) == pytest.approx(oracle, abs=1e-6)
    assert "fail more often" in analysis.readings["sizes"]


def test_outliers_are_those_of_the_binomial_and_estimates_are_shrunken(delivery: dora.Delivery) -> None:
    """Of 19 failures in 120, scipy's binomial with Benjamini and Hochberg's rule names busy and rare, and no other."""
    analysis = delivery.speed_and_safety()
    cases = {name: (failed, weekly * WEEKS) for name, (weekly, failed, _) in PLAN.items() if weekly * WEEKS >= 10}
    pooled = sum(x for x, _ in cases.values()) / sum(n for _, n in cases.values())
    tails = {
        name: min(1, 2 * min(stats.binom.cdf(x, n, pooled), stats.binom.sf(x - 1, n, pooled)))
        for name, (x, n) in cases.items()
    }
    rejected = multipletests(list(tails.values()), method="fdr_bh")[0]
    outliers = sorted(name for name, is_rejected in zip(tails, rejected, strict=True) if is_rejected)
    assert analysis.outliers == outliers == ["busy", "rare"]
    assert all(f"{name} (" in analysis.readings["outliers"] for name in analysis.outliers)
    for row in analysis.applications:
        own = row["failed"] / row["deployments"]
        assert min(own, pooled) <= row["shrunken"] <= max(own, pooled)
        low, high = row["expected"]
        assert stats.binom.cdf(round(low * row["deployments"]) - 1, row["deployments"], pooled) <= 0.025
        assert stats.binom.cdf(round(high * row["deployments"]), row["deployments"], pooled) >= 0.975
    alone = delivery.speed_and_safety(dora.Scope(applications=("new",)))
    assert (alone.outliers, alone.readings["outliers"]) == (
        [],
        "No application has 10 deployments, too few to compare.",
    )


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        (dora.Scope(applications=("busy", "brisk")), "Too little data"),
        (dora.Scope(since="2026-02-05"), "Too little data"),
    ],
)
def test_too_little_data_has_a_sentence_and_no_figure(delivery: dora.Delivery, scope: dora.Scope, says: str) -> None:
    """Two applications, or an empty week, are too little data: null figures, and a sentence that says so."""
    analysis = delivery.speed_and_safety(scope)
    assert (analysis.between, analysis.elasticity) == (None, None)
    assert says in analysis.readings["between"]
    assert says in analysis.readings["elasticity"]


def test_no_reading_names_a_cause_and_each_has_its_evidence(delivery: dora.Delivery) -> None:
    """Readings are associations with n and limits; the caveats say what a cause would require."""
    analysis = delivery.speed_and_safety()
    sentences = " ".join(analysis.readings.values()).lower()
    assert not any(word in sentences for word in ("because", "cause", "leads to", "makes"))
    assert sentences.count("95 %") == 4 + len(analysis.outliers)
    assert analysis.caveats == CAVEATS


def test_an_unknown_application_is_a_usage_error(delivery: dora.Delivery) -> None:
    """As in every other query."""
    with pytest.raises(UsageError):
        delivery.speed_and_safety(dora.Scope(applications=("unknown",)))
