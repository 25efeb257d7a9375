-- One row is one class of batch sizes that occurs, with its number of deployments and of failed ones. least is
-- inclusive, below exclusive, null for no limit.
WITH
size_classes AS (
  SELECT * FROM (VALUES (0, 2), (2, 4), (4, 8), (8, NULL)) AS t (least, below)
),
-- Sizes are few, deployments many: only sizes are compared with the classes.
counts AS (
  SELECT batch_size.value AS size, count(*) AS deployments, sum(observations.value)::BIGINT AS failed
  FROM $observations AS observations
  INNER JOIN metrics.batch_size
    ON observations.application = batch_size.application
    AND observations.subject = batch_size.subject
  WHERE observations.excluded IS NULL AND batch_size.excluded IS NULL
  GROUP BY batch_size.value
)
SELECT
  size_classes.least,
  size_classes.below,
  sum(counts.deployments)::BIGINT AS deployments,
  sum(counts.failed)::BIGINT AS failed
FROM counts
INNER JOIN size_classes
  ON counts.size >= size_classes.least
  AND coalesce(counts.size < size_classes.below, TRUE)
GROUP BY size_classes.least, size_classes.below
ORDER BY size_classes.least
