-- One row is one attempt that its own execution tree reverted (rollback on failure, or a later rollback stage): every
-- target that took traffic was rolled back. From reverted_in_run_at on the previous content serves again.
WITH
rollback_targets AS (
  SELECT source, application, root_id, account, location, cluster, full_traffic_at AS back_at
  FROM rollouts
  WHERE action = 'rollback' AND NOT is_canary AND full_traffic_at IS NOT NULL
),
rolled_back_attempts AS (
  SELECT DISTINCT source, application, root_id FROM rollback_targets
),
served_targets AS (
  SELECT
    rollouts.source,
    rollouts.application,
    rollouts.root_id,
    rollouts.rollout_id,
    rollouts.account,
    rollouts.location,
    rollouts.cluster,
    rollouts.first_traffic_at AS served_at
  FROM rollouts
  INNER JOIN rolled_back_attempts
    ON rollouts.source = rolled_back_attempts.source
    AND rollouts.application = rolled_back_attempts.application
    AND rollouts.root_id = rolled_back_attempts.root_id
  WHERE rollouts.action = 'deploy' AND NOT rollouts.is_canary AND rollouts.first_traffic_at IS NOT NULL
),
reverted_targets AS (
  SELECT
    served_targets.source,
    served_targets.application,
    served_targets.root_id,
    served_targets.rollout_id,
    max(rollback_targets.back_at) AS back_at
  FROM served_targets
  LEFT JOIN rollback_targets
    ON
      served_targets.source = rollback_targets.source
      AND served_targets.application = rollback_targets.application
      AND served_targets.root_id = rollback_targets.root_id
      AND coalesce(served_targets.account, rollback_targets.account)
        IS NOT DISTINCT FROM coalesce(rollback_targets.account, served_targets.account)
      AND coalesce(served_targets.location, rollback_targets.location)
        IS NOT DISTINCT FROM coalesce(rollback_targets.location, served_targets.location)
      AND coalesce(served_targets.cluster, rollback_targets.cluster)
        IS NOT DISTINCT FROM coalesce(rollback_targets.cluster, served_targets.cluster)
      AND rollback_targets.back_at >= served_targets.served_at
  GROUP BY served_targets.source, served_targets.application, served_targets.root_id, served_targets.rollout_id
)
SELECT source, application, root_id, max(back_at) AS reverted_in_run_at
FROM reverted_targets
GROUP BY source, application, root_id
HAVING bool_and(back_at IS NOT NULL)
