"""What a number is worth: intervals, survival, signals and comparisons, from the standard library and SQL text alone.

Every interval is a 95 % one. No data is None or NULL, never 0. The oracles (scipy, statsmodels, lifelines) are met by
the tests only.
"""

from dora.statistics.intervals import jeffreys, poisson, quantile_ranks, wilson
from dora.statistics.special import normal_quantile
from dora.statistics.survival import kaplan_meier

__all__ = ["jeffreys", "kaplan_meier", "normal_quantile", "poisson", "quantile_ranks", "wilson"]
