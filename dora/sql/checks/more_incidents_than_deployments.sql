-- title    = "Applications with more incidents than deployments: incidents per deployment would be above 100 %"
-- severity = "warn"
-- next     = "nothing for the failure rate, which counts a deployment once; see whether alerts were ingested as incidents"
-- One row is one application.
WITH counted AS (
  SELECT application, count(*) AS deployments FROM deployments WHERE took_traffic GROUP BY application
),
told AS (
  SELECT application, count(*) AS incidents, count(deployment_id) AS held_against_one FROM incidents GROUP BY application
)
SELECT t.application, t.incidents, t.held_against_one, coalesce(c.deployments, 0) AS deployments
FROM told AS t
LEFT JOIN counted AS c ON t.application = c.application
WHERE t.incidents > coalesce(c.deployments, 0)
