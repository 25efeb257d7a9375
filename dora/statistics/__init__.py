"""Intervals, survival, control charts and comparisons: numbers in, numbers out, from the standard library and SQL text.

Only ``quantiles`` and ``survival`` need numpy, to sort millions; they are not imported here. Every interval is a 95 %
confidence interval. No data is None, NULL or NaN, never 0. The tests compare with scipy, statsmodels and lifelines.
"""

from dora.statistics.distributions import normal_quantile
from dora.statistics.intervals import dispersion, mean_half, poisson, quantile_ranks, widened, wilson
from dora.statistics.survival_sql import survival_curve_sql

__all__ = ["dispersion", "mean_half", "normal_quantile", "poisson", "quantile_ranks", "survival_curve_sql"]
__all__ += ["widened", "wilson"]
