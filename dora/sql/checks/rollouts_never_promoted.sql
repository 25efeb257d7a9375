-- title    = "Rollouts that waited for a promotion until newer content came"
-- severity = "warn"
-- next     = "promote by a stage of Spinnaker; what people do in Argo itself is not in the data"
-- One row is one rollout; its deployment remains in progress, or dark if it waited without traffic.
WITH deploys AS (
  SELECT
    rollouts.source,
    rollouts.application,
    rollouts.target,
    rollouts.deployment_id,
    rollouts.part,
    rollouts.accepted_at,
    rollouts.stopped_at,
    len(production_rollouts.pause_weights) AS pauses,
    lead(rollouts.accepted_at) OVER by_target AS replaced_at
  FROM rollouts
  INNER JOIN production_rollouts
    ON rollouts.source = production_rollouts.source AND rollouts.rollout_id = production_rollouts.rollout_id
  WHERE rollouts.action = 'deploy' AND rollouts.accepted_at IS NOT NULL AND NOT rollouts.is_canary
  WINDOW by_target AS (PARTITION BY rollouts.source, rollouts.target ORDER BY rollouts.accepted_at)
)
SELECT source, application, target, deployment_id, accepted_at, replaced_at
FROM deploys
WHERE part IN ('rising', 'dark') AND stopped_at IS NULL AND pauses > 0 AND replaced_at IS NOT NULL
