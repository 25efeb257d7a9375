"""The curve of Kaplan and Meier (1958) as SQL text: how much is still open after how long."""

from __future__ import annotations

from dora.statistics.distributions import Z

TOLERANCE = 1e-12  # what is left of nothing in the last bit

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


def survival_at_sql(source: str, limit: float) -> str:
    """One SELECT of one row: which share lasts longer than a limit (``left``), and Greenwood's sum there.

    ``source`` names a relation with ``value DOUBLE`` and ``censored BOOLEAN`` (the value is then the time so far),
    ``limit`` is in its unit. Before the first event all are left.
    """
    return _STEPS.format(source=source) + _AT.format(limit=float(limit))


def survival_curve_sql(source: str, most: int = 250) -> str:
    """One SELECT: the Kaplan–Meier curve, at most some ``most`` steps of it: ``value``, what is ``left`` after it, its
    Greenwood log(−log) limits ``low`` and ``high``. ``source`` is as ``survival_at_sql`` wants it.
    """
    return _STEPS.format(source=source) + _CURVE.format(z=Z, tolerance=TOLERANCE, most=int(most))
