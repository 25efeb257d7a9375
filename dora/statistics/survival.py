"""Survival: how long things take while some are still open, as SQL text."""

from __future__ import annotations

from collections.abc import Sequence

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
  min(t) FILTER (WHERE s <= 0.5 + {tolerance}) AS median,
  min(t) FILTER (WHERE s ** width <= 0.5 + {tolerance}) AS low,
  min(t) FILTER (WHERE s ** (1 / width) <= 0.5 + {tolerance}) AS high,
  max(t) AS longest,
  (min(t) FILTER (WHERE happened >= floor((events + 1) / 2) AND d > 0)
    + min(t) FILTER (WHERE happened >= ceil((events + 1) / 2) AND d > 0)) / 2 AS plain_median
FROM bounded {by}
"""


def kaplan_meier(source: str, keys: Sequence[str]) -> str:
    """One SELECT: the Kaplan–Meier median (1958) of each group of observations.

    ``source`` names a relation with the columns of ``keys``, ``value DOUBLE`` and ``censored BOOLEAN``
    (the value is then the time so far). Each row of the result has the keys and

    - ``n``, ``events`` and ``open``: observations, those that happened, those still open;
    - ``median``: the first time at which at most half remain; events come before censoring at ties;
    - ``low``, ``high``: where Greenwood's log(−log) limits of the curve cross one half; null is unbounded;
    - ``longest``: the largest value; ``plain_median``: of events alone, blind to what is open.

    Without keys there is one row, with n = 0 where there is nothing.
    """
    names = ", ".join(f'"{key}"' for key in keys)
    return _KAPLAN_MEIER.format(
        source=source,
        columns=f"{names}," if keys else "",
        window=f"PARTITION BY {names} ORDER BY t" if keys else "ORDER BY t",
        by=f"GROUP BY {names}" if keys else "",
        z=Z,
        tolerance=TOLERANCE,
    )
