-- One row is one attempt of which a source does not say when traffic began: it took traffic at the earliest when it
-- started.
SELECT attempt_rollouts.deployment_id, min(rollout.earliest_traffic_at) AS earliest_traffic_at
FROM attempt_rollouts
INNER JOIN landing.rollout
  ON attempt_rollouts.source = rollout.source AND attempt_rollouts.rollout_id = rollout.id
WHERE attempt_rollouts.governs AND rollout.earliest_traffic_at IS NOT NULL
GROUP BY attempt_rollouts.deployment_id
