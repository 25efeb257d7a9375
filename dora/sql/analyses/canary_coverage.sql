-- One row is one application: its production deployments in the scope, and how many of them a canary analysed.
WITH analysed_deployments AS (
  SELECT DISTINCT deployment_id FROM canaries WHERE deployment_id IS NOT NULL AND verdict <> 'canceled'
)
SELECT audit_trail.application, count(*) AS deployments, count(analysed_deployments.deployment_id) AS with_canary
FROM $audit_trail AS audit_trail
LEFT JOIN analysed_deployments ON audit_trail.deployment_id = analysed_deployments.deployment_id
WHERE audit_trail.outcome IN ('succeeded', 'failed') AND audit_trail.kind IN ('release', 'hotfix', 'config', 'promotion')
GROUP BY audit_trail.application
ORDER BY audit_trail.application
