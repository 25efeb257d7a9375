-- One row is one class of values, empty ones included: how many lie from low on and below high; open ones if asked.
WITH
counted AS (
  SELECT * FROM $observations WHERE excluded IS NULL
),
classes AS (
  SELECT unnest(?::VARCHAR[]) AS name, unnest(?::DOUBLE[]) AS low, unnest(?::DOUBLE[]) AS high
)
SELECT c.name, c.low, c.high, count(o.subject) AS n, count(o.subject) / nullif(sum(count(o.subject)) OVER (), 0) AS share
FROM classes AS c
LEFT JOIN counted AS o ON o.value >= c.low AND o.value < c.high AND o.censored = ?
GROUP BY ALL
ORDER BY c.low
