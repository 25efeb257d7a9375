-- One row is one class of values, empty ones included: the number of observations from low (inclusive) to high
-- (exclusive).
WITH
counted_observations AS (
  SELECT * FROM $observations WHERE excluded IS NULL
),
value_classes AS (
  SELECT unnest(?::VARCHAR[]) AS name, unnest(?::DOUBLE[]) AS low, unnest(?::DOUBLE[]) AS high
)
SELECT
  value_classes.name,
  value_classes.low,
  value_classes.high,
  count(counted_observations.subject) AS n,
  count(counted_observations.subject) / nullif(sum(count(counted_observations.subject)) OVER (), 0) AS share
FROM value_classes
LEFT JOIN counted_observations
  ON counted_observations.value >= value_classes.low
  AND counted_observations.value < value_classes.high
  AND counted_observations.censored = ?
GROUP BY ALL
ORDER BY value_classes.low
