"""What a number is worth: intervals, survival, signals and comparisons, from the standard library and SQL text alone.

``ordered`` alone needs numpy, to sort millions; it is not imported here. Every interval is a 95 % one. No data is None,
NULL or NaN, never 0. The oracles (scipy, statsmodels, lifelines) are met by the tests only.
"""

from dora.statistics.distributions import normal_quantile
from dora.statistics.intervals import (
    dispersion,
    jeffreys,
    mean_half,
    poisson,
    quantile_ranks,
    widened,
    wilson,
)
from dora.statistics.survival_sql import survival_curve_sql

__all__ = [
    "dispersion",
    "jeffreys",
    "mean_half",
    "normal_quantile",
    "poisson",
    "quantile_ranks",
    "survival_curve_sql",
    "widened",
    "wilson",
]
