-- One row is one rollout of a deployment: its target, action and traffic; hours are since the deployment was queued.
WITH
contents AS (
  SELECT rollout_id, string_agg(version, ' ' ORDER BY image) AS version
  FROM deployment_contents
  WHERE deployment_id = $1
  GROUP BY rollout_id
)
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
  contents.version,
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
LEFT JOIN contents ON rollouts.rollout_id = contents.rollout_id
CROSS JOIN build
WHERE deployments.deployment_id = $1
ORDER BY rollouts.started_at, rollouts.account, rollouts.location, rollouts.cluster, rollouts.rollout_id
LIMIT 100
