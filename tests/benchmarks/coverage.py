"""How often each 95 % interval contains the truth, in seeded simulations and, where it is possible, exactly.

Run: ``python -m tests.benchmarks.coverage [--runs N]``
"""

from __future__ import annotations

import argparse
import math

import numpy as np
from numpy.typing import NDArray

from dora.statistics.distributions import binomial_cdf
from dora.statistics.intervals import poisson, wilson
from dora.statistics.quantiles import Samples, sort_samples
from dora.statistics.survival import Survival

SIZES = (2, 4, 6, 8, 10, 20, 50, 100)
TRUTH = math.log(2)  # the median of exponential times
Floats = NDArray[np.float64]


def simulate(dice: np.random.Generator, runs: int, size: int, kind: str) -> Samples:
    """Return exponential times of so many groups: complete, censored at uniform ages, or with half entering late."""
    groups = np.repeat(np.arange(runs), size)
    values, entries = dice.exponential(1.0, len(groups)), np.zeros(len(groups))
    if kind == "late":
        late = dice.random(len(groups)) < 0.5
        entries[late] = dice.uniform(0, 0.5, late.sum())
        values += entries  # an exponential time that has lasted until its entry lasts as long again
    ends = dice.uniform(0, 6, len(groups)) if kind == "censored" else np.full(len(groups), np.inf)
    return sort_samples(groups, np.minimum(values, ends), values > ends, runs, entries)


def share_covered(low: Floats, high: Floats) -> str:
    """Return how many of the intervals contain the truth; an end without a bound excludes nothing."""
    some = ~(np.isnan(low) & np.isnan(high))
    if not some.any():
        return "no interval"
    covered = (np.nan_to_num(low[some], nan=0.0) <= TRUTH) & (np.nan_to_num(high[some], nan=np.inf) >= TRUTH)
    return f"{100 * covered.mean():.1f} %"


def print_medians(runs: int) -> None:
    """Print coverage and bias of the medians: Kaplan–Meier's, and the plain one between order statistics."""
    dice = np.random.default_rng(15)
    for size in SIZES:
        cells = []
        for kind in ("complete", "censored", "late"):
            samples = simulate(dice, runs, size, kind)
            survival = Survival(samples)
            bias = np.nanmedian(survival.quantile(0.5)) / TRUTH
            cells.append(f"{kind} {share_covered(*survival.limits(0.5))} (median of medians {bias:.2f})")
            if kind == "complete":
                cells.append(f"plain {share_covered(*samples.limits(0.5))}")
        print(f"median, n = {size}: {', '.join(cells)} (target: 93 to 99 % from 6 on)")


def print_shares() -> None:
    """Print the exact coverage of Wilson's limits over shares of 1 to 20 %: its mean, and the least."""
    shares = np.linspace(0.01, 0.2, 96).tolist()
    for n in (6, 10, 20, 50, 200):
        limits = [wilson(cases, n) or (0.0, 1.0) for cases in range(n + 1)]
        coverage = []
        for p in shares:
            inside = [cases for cases, (low, high) in enumerate(limits) if low <= p <= high]
            coverage.append(binomial_cdf(n, inside[-1], p) - binomial_cdf(n, inside[0] - 1, p))
        print(f"share, n = {n}: mean {100 * np.mean(coverage):.1f} % (target: 93 %), least {100 * min(coverage):.1f} %")


def print_rates(runs: int) -> None:
    """Print the simulated coverage of Garwood's limits."""
    dice = np.random.default_rng(16)
    for mean in (0.5, 2.0, 10.0, 100.0):
        limits = [poisson(int(count)) for count in dice.poisson(mean, runs)]
        covered = np.mean([low <= mean <= high for low, high in limits])
        print(f"rate, mean count {mean:g}: {100 * covered:.1f} % (target: at least 95 %)")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    arguments = parser.parse_args()
    print_medians(arguments.runs)
    print_shares()
    print_rates(arguments.runs)


if __name__ == "__main__":
    main()
