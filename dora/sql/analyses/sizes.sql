-- One row is one class of batch sizes that occurs, with its number of deployments and of failed ones. least is
-- inclusive, below exclusive, null for no limit.
WITH
size_classes AS (
  SELECT * FROM (VALUES (0, 2), (2, 4), (4, 8), (8, NULL)) AS t (least, below)
)
SELECT size_classes.least, size_classes.below, count(*) AS deployments, sum(observations.value)::BIGINT AS failed
FROM $observations AS observations
INNER JOIN metrics.batch_size
  ON observations.application = batch_size.application
  AND observations.subject = batch_size.subject
INNER JOIN size_classes
  ON batch_size.value >= size_classes.least
  AND coalesce(batch_size.value < size_classes.below, TRUE)
WHERE observations.excluded IS NULL AND batch_size.excluded IS NULL
GROUP BY size_classes.least, size_classes.below
ORDER BY size_classes.least
