-- One row is one time at which failed deployments recovered: the share not yet recovered after it (Kaplan–Meier, open ones
-- censored), with 95 % limits by Greenwood on the log(−log) scale; of a long curve every so many steps.
WITH
tied AS (
  SELECT value AS t, count(*)::DOUBLE AS m, count(*) FILTER (WHERE NOT censored)::DOUBLE AS d
  FROM $observations
  WHERE excluded IS NULL AND value IS NOT NULL
  GROUP BY value
),
at_risk AS (
  SELECT t, d, sum(m) OVER (ORDER BY t ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS r FROM tied
),
steps AS (
  SELECT
    t,
    product(1 - d / r) OVER (ORDER BY t) AS s,
    sum(d / (r * nullif(r - d, 0))) OVER (ORDER BY t) AS greenwood,
    row_number() OVER (ORDER BY t) AS place,
    count(*) OVER () AS n
  FROM at_risk
  WHERE d > 0
),
bounded AS (
  SELECT *, CASE WHEN s > 1e-9 AND s < 1 THEN exp(1.959963984540054 * sqrt(greenwood) / abs(ln(s))) END AS width FROM steps
)
SELECT t AS hours, greatest(s, 0) AS left, coalesce(s ** width, greatest(s, 0)) AS low, coalesce(s ** (1 / width), 1) AS high
FROM bounded
WHERE place = n OR place % greatest(1, n // 250) = 0
ORDER BY t
