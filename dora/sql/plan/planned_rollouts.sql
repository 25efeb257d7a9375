-- One row is one rollout to production with what groups applications. is_replayed: the history of its target may decide
-- what it put into service.
WITH routed_places AS (
  SELECT DISTINCT source, lower(account) AS account, lower(location) AS location FROM landing.traffic_route
)
SELECT
  rollouts.source,
  rollouts.application,
  rollouts.root_id,
  rollouts.deployment_id,
  rollouts.target,
  rollouts.is_canary,
  rollouts.started_at,
  rollouts.accepted_at,
  rollouts.first_traffic_at,
  rollouts.full_traffic_at,
  rollouts.finished_at,
  rollouts.action NOT IN ('deploy', 'scale')
  OR coalesce(rollouts.strategy = 'dark', FALSE)
  OR coalesce(len(rollouts.pause_weights) > 0, FALSE)
  OR rollouts.aborted_by_analysis IS NOT NULL
  OR (rollouts.action = 'scale' AND rollouts.server_group IS NOT NULL)
  OR routed_places.source IS NOT NULL AS is_replayed
FROM production_rollouts AS rollouts
LEFT JOIN routed_places
  ON rollouts.source = routed_places.source
  AND lower(rollouts.account) IS NOT DISTINCT FROM routed_places.account
  AND lower(rollouts.location) IS NOT DISTINCT FROM routed_places.location
