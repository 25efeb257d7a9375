-- One row is one rollback, attributed to the deployment that it rolled back: by a deployment of its own, or in the same
-- execution. It is evidence from its start on (E1). After a rollback that broke itself, its own fix restores service (R0).
WITH undo_stages AS (
  SELECT deployment_id, min(started_at) AS started_at
  FROM attempt_rollouts
  WHERE class = 'undo' AND NOT governs
  GROUP BY deployment_id
)
SELECT
  rolled_back_deployments.deployment_id,
  'rollback' AS evidence,
  rolled_back_deployments.rollback_id AS evidence_id,
  rolled_back_deployments.happened_at,
  coalesce(rolled_back_deployments.recovered_at, next_fixes.fixed_at) AS recovered_at,
  rolled_back_deployments.confidence
FROM rolled_back_deployments
LEFT JOIN next_fixes ON rolled_back_deployments.rollback_id = next_fixes.deployment_id
UNION ALL
SELECT
  deployments.deployment_id,
  'rollback',
  deployments.deployment_id,
  coalesce(undo_stages.started_at, deployments.rolled_back_at),
  coalesce(deployments.reverted_in_run_at, next_fixes.fixed_at),
  'stated'
FROM deployments
LEFT JOIN undo_stages ON deployments.deployment_id = undo_stages.deployment_id
LEFT JOIN next_fixes ON deployments.deployment_id = next_fixes.deployment_id
WHERE deployments.rolled_back_at IS NOT NULL
