-- One row is one application: its production deployments in the scope, and how many of them a canary had judged.
WITH judged AS (
  SELECT DISTINCT deployment_id FROM canaries WHERE deployment_id IS NOT NULL AND verdict <> 'canceled'
)
SELECT d.application, count(*) AS deployments, count(j.deployment_id) AS judged
FROM $audit_trail AS d
LEFT JOIN judged AS j ON d.deployment_id = j.deployment_id
WHERE d.outcome IN ('succeeded', 'failed') AND d.kind IN ('release', 'hotfix', 'config')
GROUP BY d.application
ORDER BY d.application
