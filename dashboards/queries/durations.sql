-- One row is one class of duration, empty ones included: how many are that old, or took that long, from low on and less
-- than high, in hours; open ones if asked.
WITH
classes AS (
  SELECT * FROM (VALUES
    ('< 15 min', 0.0, 0.25),
    ('< 1 h', 0.25, 1.0),
    ('< 4 h', 1.0, 4.0),
    ('< 1 d', 4.0, 24.0),
    ('< 3 d', 24.0, 72.0),
    ('< 7 d', 72.0, 168.0),
    ('7 d on', 168.0, 1e99)
  ) AS t (name, low, high)
),
counted AS (
  SELECT * FROM $observations WHERE excluded IS NULL
)
SELECT c.name, c.low, c.high, count(o.subject) AS n, count(o.subject) / nullif(sum(count(o.subject)) OVER (), 0) AS share
FROM classes AS c
LEFT JOIN counted AS o ON o.value >= c.low AND o.value < c.high AND o.censored = ?
GROUP BY ALL
ORDER BY c.low
