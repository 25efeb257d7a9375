-- One row is one deployment that failed after it took traffic: at its end, before it was restarted, or in a first try
-- on a target where a later stage of the same execution succeeded (D4). It is evidence from its first traffic on (E4).
SELECT
  releases.deployment_id,
  'deploy' AS evidence,
  releases.deployment_id AS evidence_id,
  releases.first_traffic_at AS happened_at,
  next_fixes.fixed_at AS recovered_at,
  'stated' AS confidence
FROM deployments_that_can_fail AS releases
LEFT JOIN next_fixes ON releases.deployment_id = next_fixes.deployment_id
WHERE releases.outcome = 'failed'
UNION ALL
SELECT
  releases.deployment_id,
  'deploy',
  releases.deployment_id,
  min(execution_attempt.first_traffic_at),
  min(releases.full_traffic_at),
  'stated'
FROM landing.execution_attempt
INNER JOIN rollouts ON execution_attempt.source = rollouts.source AND execution_attempt.rollout_id = rollouts.rollout_id
INNER JOIN deployments_that_can_fail AS releases
  ON rollouts.source = releases.source
  AND rollouts.root_id = releases.root_id
  AND rollouts.application = releases.application
WHERE
  rollouts.action = 'deploy'
  AND NOT rollouts.is_canary
  AND execution_attempt.started_at IS DISTINCT FROM rollouts.started_at
  AND execution_attempt.first_traffic_at < releases.full_traffic_at
GROUP BY releases.deployment_id
UNION ALL
SELECT
  releases.deployment_id,
  'deploy',
  releases.deployment_id,
  min(attempt_rollouts.first_traffic_at),
  min(releases.full_traffic_at),
  'stated'
FROM attempt_rollouts
INNER JOIN deployments_that_can_fail AS releases ON attempt_rollouts.deployment_id = releases.deployment_id
WHERE
  releases.succeeded
  AND attempt_rollouts.class = 'deploy'
  AND attempt_rollouts.status = 'failed'
  AND attempt_rollouts.first_traffic_at IS NOT NULL
  AND attempt_rollouts.full_traffic_at IS NULL
GROUP BY releases.deployment_id
