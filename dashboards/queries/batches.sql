-- One row is one class of batch size, empty ones included: how many deployments brought so many changes, from low on and
-- fewer than high.
WITH
classes AS (
  SELECT * FROM (VALUES
    ('none', 0, 1),
    ('1', 1, 2),
    ('2', 2, 3),
    ('3', 3, 4),
    ('4–5', 4, 6),
    ('6–9', 6, 10),
    ('10 or more', 10, 1e99)
  ) AS t (name, low, high)
),
counted AS (
  SELECT * FROM $observations WHERE excluded IS NULL
)
SELECT c.name, c.low, c.high, count(o.subject) AS n, count(o.subject) / nullif(sum(count(o.subject)) OVER (), 0) AS share
FROM classes AS c
LEFT JOIN counted AS o ON o.value >= c.low AND o.value < c.high
GROUP BY ALL
ORDER BY c.low
