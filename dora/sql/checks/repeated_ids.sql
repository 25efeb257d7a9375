-- title    = "Ids that files give to several deployments or incidents of one application; all are kept"
-- severity = "warn"
-- next     = "add a column `system` if several systems count from 1, else give each its own id"
-- One row is one id.
WITH
reported_ids AS (
  SELECT 'deployment' AS thing, source, application, external_id, root_id AS id, coalesce(started_at, finished_at) AS began_at
  FROM landing.execution
  WHERE system IS NULL AND external_id IS NOT NULL
  UNION ALL
  SELECT 'incident', source, application, external_id, id, opened_at
  FROM landing.incident
  WHERE system IS NULL AND external_id IS NOT NULL
)
SELECT
  thing,
  source,
  application,
  external_id AS id,
  count(DISTINCT reported_ids.id) AS kept,
  min(began_at) AS first_at,
  max(began_at) AS last_at
FROM reported_ids
GROUP BY thing, source, application, external_id
HAVING count(DISTINCT reported_ids.id) > 1
