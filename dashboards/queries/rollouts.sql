-- One row is one rollout of a deployment: its target, action and traffic; hours are since the deployment was queued.
SELECT
  rollouts.account,
  rollouts.location,
  rollouts.cluster,
  rollouts.action,
  rollouts.strategy,
  rollouts.is_canary,
  rollouts.status,
  rollouts.started_at,
  rollouts.first_traffic_at,
  rollouts.full_traffic_at,
  rollouts.finished_at,
  rollouts.version,
  rollouts.reason,
  epoch(rollouts.started_at - deployments.queued_at) / 3600 AS start,
  epoch(
    coalesce(greatest(rollouts.finished_at, rollouts.full_traffic_at), build.as_of) - deployments.queued_at
  ) / 3600 AS "end",
  epoch(rollouts.first_traffic_at - deployments.queued_at) / 3600 AS first,
  epoch(rollouts.full_traffic_at - deployments.queued_at) / 3600 AS full
FROM deployments
INNER JOIN rollouts
  ON deployments.source = rollouts.source
  AND deployments.root_id = rollouts.root_id
  AND deployments.application = rollouts.application
CROSS JOIN build
WHERE deployments.deployment_id = ?
ORDER BY rollouts.started_at, rollouts.account, rollouts.location, rollouts.cluster, rollouts.rollout_id
LIMIT 100
