-- One row is one class of batch size: how many deployments brought so many changes, how many of them failed.
WITH sized AS (
  SELECT
    o.value,
    CASE WHEN b.value <= 1 THEN 1 WHEN b.value <= 3 THEN 2 WHEN b.value <= 7 THEN 4 ELSE 8 END AS place
  FROM $observations AS o
  INNER JOIN metrics.batch_size AS b ON o.application = b.application AND o.subject = b.subject
  WHERE o.excluded IS NULL AND b.excluded IS NULL
)
SELECT place, count(*) AS deployments, sum(value)::BIGINT AS failed
FROM sized
GROUP BY place
ORDER BY place
