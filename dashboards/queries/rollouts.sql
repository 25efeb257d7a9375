-- One row is one rollout of a deployment: where, how, when traffic came; hours are since the deployment was queued.
SELECT
  r.account,
  r.location,
  r.cluster,
  r.action,
  r.strategy,
  r.is_canary,
  r.status,
  r.started_at,
  r.first_traffic_at,
  r.full_traffic_at,
  r.finished_at,
  r.version,
  r.reason,
  epoch(r.started_at - p.queued_at) / 3600 AS start,
  epoch(coalesce(greatest(r.finished_at, r.full_traffic_at), build.as_of) - p.queued_at) / 3600 AS "end",
  epoch(r.first_traffic_at - p.queued_at) / 3600 AS first,
  epoch(r.full_traffic_at - p.queued_at) / 3600 AS full
FROM deployments AS p
INNER JOIN rollouts AS r ON p.source = r.source AND p.root_id = r.root_id AND p.application = r.application
CROSS JOIN build
WHERE p.deployment_id = ?
ORDER BY r.started_at, r.account, r.location, r.cluster, r.rollout_id
LIMIT 100
