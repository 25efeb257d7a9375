-- One row is one rollout that does not only serve a canary, with the action that governs its attempt: deploy if the
-- attempt has any, else rollback, else restart (which stands for scaling too). A rollout that is dark or has a low
-- weight serves all traffic once a later execution of the same tree shifts that target's traffic to it.
WITH
production_rollouts AS (
  SELECT *, CASE WHEN action IN ('deploy', 'rollback') THEN action ELSE 'restart' END AS action_class
  FROM rollouts
  WHERE NOT is_canary
),
governing_actions AS (
  SELECT
    source,
    application,
    root_id,
    CASE
      WHEN bool_or(action_class = 'deploy') THEN 'deploy'
      WHEN bool_or(action_class = 'rollback') THEN 'rollback'
      ELSE 'restart'
    END AS governing_action
  FROM production_rollouts
  GROUP BY source, application, root_id
),
traffic_shifts AS (
  SELECT source, application, root_id, action, strategy, account, location, cluster, max(full_traffic_at) AS shifted_at
  FROM production_rollouts
  WHERE strategy IN ('dark', 'weights')
  GROUP BY source, application, root_id, action, strategy, account, location, cluster
)
SELECT
  rollouts.*,
  actions.governing_action,
  rollouts.action_class = actions.governing_action AS governs,
  coalesce(rollouts.full_traffic_at, shifts.shifted_at) AS served_all_at
FROM production_rollouts AS rollouts
INNER JOIN governing_actions AS actions
  ON rollouts.source = actions.source
  AND rollouts.application = actions.application
  AND rollouts.root_id = actions.root_id
LEFT JOIN traffic_shifts AS shifts
  ON rollouts.source = shifts.source
  AND rollouts.application = shifts.application
  AND rollouts.root_id = shifts.root_id
  AND rollouts.action = shifts.action
  AND rollouts.strategy = shifts.strategy
  AND rollouts.account IS NOT DISTINCT FROM shifts.account
  AND rollouts.location IS NOT DISTINCT FROM shifts.location
  AND rollouts.cluster IS NOT DISTINCT FROM shifts.cluster
