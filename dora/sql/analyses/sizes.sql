-- One row is one class of batch size that occurs: how many deployments brought so many changes (from least on, fewer than
-- below, which is null where there is no end), how many of them failed.
WITH
classes AS (
  SELECT * FROM (VALUES (0, 2), (2, 4), (4, 8), (8, NULL)) AS t (least, below)
)
SELECT c.least, c.below, count(*) AS deployments, sum(o.value)::BIGINT AS failed
FROM $observations AS o
INNER JOIN metrics.batch_size AS b ON o.application = b.application AND o.subject = b.subject
INNER JOIN classes AS c ON b.value >= c.least AND coalesce(b.value < c.below, TRUE)
WHERE o.excluded IS NULL AND b.excluded IS NULL
GROUP BY c.least, c.below
ORDER BY c.least
