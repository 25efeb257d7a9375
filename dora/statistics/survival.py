"""Quantiles as SQL text: of what is still open in part by survival, of what has ended by its order statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dora.statistics.intervals import quantile_ranks
from dora.statistics.special import Z

TOLERANCE = 1e-12  # a survival of exactly one half must not slip past it in the last bit

_KAPLAN_MEIER = """
WITH tied AS (
  SELECT {columns} value AS t, count(*)::DOUBLE AS m, count(*) FILTER (WHERE NOT censored)::DOUBLE AS d
  FROM {source} WHERE value IS NOT NULL GROUP BY ALL
),
at_risk AS (
  SELECT *, sum(m) OVER later AS r, sum(m) OVER whole AS n, sum(d) OVER whole AS events, sum(d) OVER earlier AS happened
  FROM tied
  WINDOW whole AS ({window} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
    earlier AS ({window} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
    later AS ({window} ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
),
survival AS (
  SELECT *,
    (r - d) / n * coalesce(product(CASE WHEN m > d THEN (r - d) / nullif(r - m, 0) ELSE 1 END) OVER (
      {window} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 1) AS s,
    sum(CASE WHEN d = 0 THEN 0 ELSE d / (r * nullif(r - d, 0)) END) OVER (
      {window} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS greenwood
  FROM at_risk
),
bounded AS (
  SELECT *, CASE WHEN s > 0 AND s < 1 THEN exp({z} * sqrt(greenwood) / abs(ln(s))) END AS width FROM survival
)
SELECT {columns}
  coalesce(sum(m), 0)::BIGINT AS n,
  coalesce(sum(d), 0)::BIGINT AS events,
  coalesce(sum(m - d), 0)::BIGINT AS open,
  min(t) FILTER (WHERE s <= {left} + {tolerance}) AS value,
  min(t) FILTER (WHERE s ** width <= {left} + {tolerance}) AS low,
  min(t) FILTER (WHERE s ** (1 / width) <= {left} + {tolerance}) AS high,
  max(t) AS longest,
  min(t) FILTER (WHERE s <= 0.9 + {tolerance}) AS p10,
  min(t) FILTER (WHERE s <= 0.75 + {tolerance}) AS p25,
  min(t) FILTER (WHERE s <= 0.25 + {tolerance}) AS p75,
  min(t) FILTER (WHERE s <= 0.1 + {tolerance}) AS p90
FROM bounded {by}
"""


def kaplan_meier(source: str, keys: Sequence[str], p: float = 0.5) -> str:
    """One SELECT: the Kaplan–Meier p-quantile (1958) of each group of observations, a median unless told.

    ``source`` names a relation with the columns of ``keys``, ``value DOUBLE`` and ``censored BOOLEAN``
    (the value is then the time so far). Each row of the result has the keys and

    - ``n``, ``events`` and ``open``: observations, those that happened, those still open;
    - ``value``: the first time at which at most 1 − p remain; events come before censoring at ties;
    - ``low``, ``high``: where Greenwood's log(−log) limits of the curve cross 1 − p; null is unbounded;
    - ``longest``: the largest value; ``p10``, ``p25``, ``p75``, ``p90``: those quantiles, without limits.

    Without keys there is one row, with n = 0 where there is nothing.
    """
    names = ", ".join(f'"{key}"' for key in keys)
    return _KAPLAN_MEIER.format(
        source=source,
        columns=f"{names}," if keys else "",
        window=f"PARTITION BY {names} ORDER BY t" if keys else "ORDER BY t",
        by=f"GROUP BY {names}" if keys else "",
        z=Z,
        left=1 - p,
        tolerance=TOLERANCE,
    )


_STEPS = """
WITH tied AS (
  SELECT value AS t, count(*)::DOUBLE AS m, count(*) FILTER (WHERE NOT censored)::DOUBLE AS d
  FROM {source} WHERE value IS NOT NULL GROUP BY value
),
at_risk AS (
  SELECT t, d, sum(m) OVER (ORDER BY t ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS r FROM tied
)
"""

_AT = """
SELECT coalesce(product(1 - d / r), 1) AS left, coalesce(sum(d / (r * nullif(r - d, 0))), 0) AS greenwood
FROM at_risk WHERE t <= {limit} AND d > 0
"""

_CURVE = """,
steps AS (
  SELECT t, product(1 - d / r) OVER (ORDER BY t) AS s, sum(d / (r * nullif(r - d, 0))) OVER (ORDER BY t) AS greenwood,
    row_number() OVER (ORDER BY t) AS place, count(*) OVER () AS n
  FROM at_risk WHERE d > 0
),
bounded AS (
  SELECT *, CASE WHEN s > {tolerance} AND s < 1 THEN exp({z} * sqrt(greenwood) / abs(ln(s))) END AS width FROM steps
)
SELECT t AS value, greatest(s, 0) AS left, coalesce(s ** width, greatest(s, 0)) AS low,
  coalesce(s ** (1 / width), 1) AS high
FROM bounded WHERE place = n OR place % greatest(1, n // {most}) = 0 ORDER BY t
"""


def survival_at(source: str, limit: float) -> str:
    """One SELECT of one row: which share lasts longer than a limit (``left``), and Greenwood's sum there.

    ``source`` is as ``kaplan_meier`` wants it, ``limit`` in its unit. Before the first event all are left.
    """
    return _STEPS.format(source=source) + _AT.format(limit=float(limit))


def survival_curve(source: str, most: int = 250) -> str:
    """One SELECT: the Kaplan–Meier curve, at most some ``most`` steps of it: ``value``, what is ``left`` after it, its
    Greenwood log(−log) limits ``low`` and ``high``. ``source`` is as ``kaplan_meier`` wants it.
    """
    return _STEPS.format(source=source) + _CURVE.format(z=Z, tolerance=TOLERANCE, most=int(most))


_PLAIN = """
WITH ended AS (SELECT {columns}, value FROM {source} WHERE NOT censored AND value IS NOT NULL)
SELECT {columns}, count(*) AS n, quantile_cont(value, {p}) AS value, max(value) AS longest,
  quantile_cont(value, 0.1) AS p10, quantile_cont(value, 0.25) AS p25, quantile_cont(value, 0.75) AS p75,
  quantile_cont(value, 0.9) AS p90, quantile_cont(value, 0.5) AS plain_median,
  avg(value) AS mean, stddev_samp(value) AS deviation
FROM ended GROUP BY {columns}
"""

_ORDERED = """
WITH numbered AS (
  SELECT {columns}, value, row_number() OVER (PARTITION BY {columns} ORDER BY value) AS place,
    count(*) OVER (PARTITION BY {columns}) AS n
  FROM {source} WHERE NOT censored AND value IS NOT NULL
),
ranks(n, low, high) AS (VALUES {ranks})
SELECT {columns}, max(value) FILTER (place = low) AS low, max(value) FILTER (place = high) AS high
FROM numbered INNER JOIN ranks USING (n) GROUP BY {columns}
"""


def plain_quantiles(source: str, keys: Sequence[str], p: float = 0.5) -> str:
    """One SELECT: the p-quantile (type 7) of what ended in each group, with its mean and standard deviation.

    ``source`` is as ``kaplan_meier`` wants it. Each row has the keys, ``n``, ``value``, ``longest``, ``p10``, ``p25``,
    ``p75``, ``p90``, ``plain_median``, ``mean`` and ``deviation`` (null for one); groups without any have no row.
    """
    return _PLAIN.format(source=source, columns=", ".join(f'"{key}"' for key in keys), p=float(p))


def order_limits(source: str, keys: Sequence[str], sizes: Iterable[int], p: float = 0.5) -> str:
    """One SELECT: ``low`` and ``high`` of the p-quantile of what ended in each group, by order statistics.

    ``sizes`` are the numbers of those that ended that occur. Null where no order statistic is sure enough, as below
    6 for a median (Conover; Hahn and Meeker).
    """
    told = [(size, *quantile_ranks(size, p)) for size in sorted({*sizes, 0})]
    ranks = ", ".join(f"({', '.join('NULL' if rank is None else str(rank) for rank in row)})" for row in told)
    return _ORDERED.format(source=source, columns=", ".join(f'"{key}"' for key in keys), ranks=ranks)
