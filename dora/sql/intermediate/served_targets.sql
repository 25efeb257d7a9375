-- One row is one target of an attempt that took traffic there, with what began to serve: the rollout whose content it
-- is, and its template. reverted_at: the same execution tree took it back, or an abort before it had all the traffic.
WITH
reverted_targets AS (
  SELECT deployment_id, target, max(full_traffic_at) AS reverted_at
  FROM attempt_rollouts
  WHERE class = 'undo' AND NOT governs AND full_traffic_at IS NOT NULL
  GROUP BY deployment_id, target
)
SELECT
  deciding_rollouts.source,
  deciding_rollouts.application,
  deciding_rollouts.deployment_id,
  deciding_rollouts.target,
  deciding_rollouts.governing_class,
  deciding_rollouts.first_traffic_at,
  deciding_rollouts.full_traffic_at,
  deciding_rollouts.source_rollout_id,
  templates.template,
  coalesce(deciding_rollouts.stopped_at, reverted_targets.reverted_at) AS reverted_at
FROM deciding_rollouts
LEFT JOIN rollout_templates AS templates
  ON deciding_rollouts.source = templates.source AND deciding_rollouts.source_rollout_id = templates.rollout_id
LEFT JOIN reverted_targets
  ON deciding_rollouts.deployment_id = reverted_targets.deployment_id
  AND deciding_rollouts.target = reverted_targets.target
  AND deciding_rollouts.first_traffic_at <= reverted_targets.reverted_at
WHERE deciding_rollouts.governing_class IN ('deploy', 'undo') AND deciding_rollouts.first_traffic_at IS NOT NULL
