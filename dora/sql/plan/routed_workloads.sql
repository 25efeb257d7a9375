-- One row is one workload in production at a place with routes, in the columns of RolloutRow.
SELECT DISTINCT
  rollouts.source,
  lower(rollouts.account) AS account,
  lower(rollouts.location) AS location,
  rollouts.target,
  NULL AS rollout_id,
  rollouts.application,
  NULL AS execution_id,
  NULL AS root_id,
  coalesce(lower(rollouts.cluster), '') AS workload,
  NULL AS action,
  NULL AS accepted_at,
  NULL AS first_traffic_at,
  NULL AS full_traffic_at,
  NULL AS revision_identity,
  NULL AS revision,
  rollouts.labels,
  FALSE AS is_dark,
  NULL AS restores,
  NULL AS steps_back,
  NULL AS pause_weights,
  FALSE AS is_aborted,
  NULL AS stopper,
  rollouts.workload_kind,
  rollouts.services
FROM production_rollouts AS rollouts
INNER JOIN (
  SELECT DISTINCT source, lower(account) AS account, lower(location) AS location FROM landing.traffic_route
) AS places
  ON rollouts.source = places.source
  AND lower(rollouts.account) IS NOT DISTINCT FROM places.account
  AND lower(rollouts.location) IS NOT DISTINCT FROM places.location
WHERE NOT rollouts.is_canary
ORDER BY ALL
