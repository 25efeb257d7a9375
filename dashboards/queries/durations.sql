-- One row is one class of duration, empty ones included: how many are that old, or took that long; open ones if asked.
WITH
classes AS (
  SELECT * FROM (VALUES
    (1, '< 15 min', 0.0, 0.25),
    (2, '< 1 h', 0.25, 1.0),
    (3, '< 4 h', 1.0, 4.0),
    (4, '< 1 d', 4.0, 24.0),
    (5, '< 3 d', 24.0, 72.0),
    (6, '< 7 d', 72.0, 168.0),
    (7, '7 d on', 168.0, 1e99)
  ) AS t (place, name, low, high)
),
counted AS (
  SELECT * FROM $observations WHERE excluded IS NULL
)
SELECT c.name, count(o.subject) AS n, count(o.subject) / nullif(sum(count(o.subject)) OVER (), 0) AS share
FROM classes AS c
LEFT JOIN counted AS o ON o.value >= c.low AND o.value < c.high AND o.censored = ?
GROUP BY c.place, c.name
ORDER BY c.place
