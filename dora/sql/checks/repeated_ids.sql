-- title    = "Ids that files give to several deployments of one application; all are kept"
-- severity = "warn"
-- next     = "add a column `system` if several systems count from 1, else give each deployment its own id"
-- One row is one id.
SELECT
  source,
  application,
  external_id AS id,
  count(DISTINCT root_id) AS deployments,
  min(coalesce(started_at, finished_at)) AS first_at,
  max(coalesce(started_at, finished_at)) AS last_at
FROM landing.execution
WHERE system IS NULL AND external_id IS NOT NULL
GROUP BY source, application, external_id
HAVING count(DISTINCT root_id) > 1
