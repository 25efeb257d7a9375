-- One row is one application: its production deployments in the scope, how many of them a canary analysed, and whether
-- a pipeline of it has a canary stage today.
WITH analysed_deployments AS (
  SELECT DISTINCT deployment_id FROM canaries WHERE deployment_id IS NOT NULL AND verdict <> 'canceled'
),
configured_applications AS (
  SELECT application FROM pipelines WHERE has_canary GROUP BY application
)
SELECT
  audit_trail.application,
  count(*) AS deployments,
  count(analysed_deployments.deployment_id) AS with_canary,
  bool_or(configured_applications.application IS NOT NULL) AS configured
FROM $audit_trail AS audit_trail
LEFT JOIN analysed_deployments ON audit_trail.deployment_id = analysed_deployments.deployment_id
LEFT JOIN configured_applications ON audit_trail.application = configured_applications.application
WHERE audit_trail.outcome IN ('succeeded', 'failed') AND audit_trail.kind IN ('release', 'hotfix', 'config', 'promotion')
GROUP BY audit_trail.application
ORDER BY audit_trail.application
