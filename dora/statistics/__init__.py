"""What a number is worth: intervals, survival, signals and comparisons, from the standard library and SQL text alone.

Every interval is a 95 % one. No data is None or NULL, never 0. The oracles (scipy, statsmodels, lifelines) are met by
the tests only.
"""

from dora.statistics.intervals import (
    dispersion,
    jeffreys,
    mean_half,
    poisson,
    quantile_ranks,
    widened,
    wilson,
)
from dora.statistics.special import normal_quantile
from dora.statistics.survival import kaplan_meier, order_limits, plain_quantiles, survival_curve

__all__ = [
    "dispersion",
    "jeffreys",
    "kaplan_meier",
    "mean_half",
    "normal_quantile",
    "order_limits",
    "plain_quantiles",
    "poisson",
    "quantile_ranks",
    "survival_curve",
    "widened",
    "wilson",
]
