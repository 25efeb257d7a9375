-- title    = "Applications with more incidents than deployments: incidents per deployment would be above 100 %"
-- severity = "warn"
-- next     = "check whether alerts were ingested as incidents; the failure rate counts each deployment once and is not affected"
-- One row is one application.
WITH deployment_counts AS (
  SELECT application, count(*) AS deployments FROM deployments WHERE took_traffic GROUP BY application
),
incident_counts AS (
  SELECT
    application,
    count(*) AS incidents,
    count(deployment_id) AS attributed_incidents
  FROM incidents GROUP BY application
)
SELECT
  incident_counts.application,
  incident_counts.incidents,
  incident_counts.attributed_incidents,
  coalesce(deployment_counts.deployments, 0) AS deployments
FROM incident_counts
LEFT JOIN deployment_counts ON incident_counts.application = deployment_counts.application
WHERE incident_counts.incidents > coalesce(deployment_counts.deployments, 0)
