"""The Kaplan–Meier curve (1958) as SQL text: the share that is still open after a time."""

from __future__ import annotations

from collections.abc import Iterable

from dora.statistics.distributions import Z

TOLERANCE = 1e-12  # a product that should be exactly zero is not in its last bit

_AT = """
WITH observed AS (
  SELECT grp, value, censored, entry FROM {source} WHERE value IS NOT NULL
),
tied AS (
  SELECT grp, t, sum(m)::DOUBLE AS m, sum(d)::DOUBLE AS d
  FROM (
    SELECT grp, value AS t, 1 AS m, (NOT censored)::INTEGER AS d FROM observed
    UNION ALL
    SELECT grp, entry AS t, -1 AS m, 0 AS d FROM observed WHERE entry > 0 AND entry < value
  ) GROUP BY grp, t
),
at_risk AS (
  SELECT grp, t, d, sum(m) OVER (PARTITION BY grp ORDER BY t ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS r
  FROM tied
)
SELECT grp, "limit",
  coalesce(product(1 - d / r) FILTER (WHERE t <= "limit" AND d > 0), 1) AS left,
  coalesce(sum(d / (r * nullif(r - d, 0))) FILTER (WHERE t <= "limit" AND d > 0), 0) AS greenwood
FROM at_risk CROSS JOIN (SELECT unnest({limits}::DOUBLE[]) AS "limit")
GROUP BY grp, "limit"
"""

_STEPS = """
WITH observed AS (
  SELECT value, censored, entry FROM (FROM {source} UNION ALL BY NAME (SELECT NULL::DOUBLE AS entry LIMIT 0))
  WHERE value IS NOT NULL
),
tied AS (
  SELECT t, sum(m)::DOUBLE AS m, sum(d)::DOUBLE AS d
  FROM (
    SELECT value AS t, 1 AS m, (NOT censored)::INTEGER AS d FROM observed
    UNION ALL
    SELECT entry AS t, -1 AS m, 0 AS d FROM observed WHERE entry > 0 AND entry < value
  ) GROUP BY t
),
at_risk AS (
  SELECT t, d, sum(m) OVER (ORDER BY t ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS r FROM tied
)
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
FROM bounded WHERE place = n OR place % greatest(1, n // {max_steps}) = 0 ORDER BY t
"""


def survival_at_sql(source: str, limits: Iterable[float]) -> str:
    """Return a SELECT of a row per group and limit: the share that lasts longer (``left``), and Greenwood's sum there.

    ``source`` is a relation with ``grp``, ``value DOUBLE``, ``censored BOOLEAN`` (the value is then the time so far)
    and ``entry DOUBLE``, the time at which its observation began (null: at the start). Limits are in their unit.
    """
    return _AT.format(source=source, limits=[float(limit) for limit in limits])


def survival_curve_sql(source: str, max_steps: int = 250) -> str:
    """Return a SELECT of the curve: ``value``, the share ``left`` after it, and its limits ``low`` and ``high``.

    The limits are Greenwood's log(−log) ones. There are about ``max_steps`` rows at most. ``source`` is as that of
    ``survival_at_sql``, without ``grp``.
    """
    return _STEPS.format(source=source) + _CURVE.format(z=Z, tolerance=TOLERANCE, max_steps=int(max_steps))
