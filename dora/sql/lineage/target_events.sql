-- The places of routes, and the targets with anything but deploys: only there does a history decide what serves.
WITH replayed AS (
  SELECT DISTINCT source, target FROM production_rollouts
  WHERE NOT is_canary AND (action NOT IN ('deploy', 'scale') OR strategy = 'dark' OR pause_weights IS NOT NULL
    OR (action = 'scale' AND server_group IS NOT NULL))
  UNION
  SELECT DISTINCT rollouts.source, rollouts.target
  FROM production_rollouts rollouts JOIN landing.traffic_route route
    ON rollouts.source = route.source AND lower(rollouts.account) IS NOT DISTINCT FROM lower(route.account)
    AND lower(rollouts.location) IS NOT DISTINCT FROM lower(route.location)
  WHERE NOT rollouts.is_canary)
SELECT rollouts.source, lower(account), lower(location), rollouts.target, rollouts.rollout_id, application,
  execution_id, root_id, coalesce(lower(cluster), ''), action, epoch_us(accepted_at), epoch_us(first_traffic_at),
  epoch_us(full_traffic_at), revision_identity, lower(server_group), labels, coalesce(strategy = 'dark', false),
  lower(restores), steps_back, pause_weights, action = 'enable' AND strategy IS NOT DISTINCT FROM 'weights'
FROM production_rollouts rollouts
JOIN replayed USING (source, target)
LEFT JOIN rollout_templates templates
  ON rollouts.source = templates.source AND rollouts.rollout_id = templates.rollout_id
WHERE NOT is_canary
ORDER BY accepted_at NULLS LAST, started_at, rollouts.rollout_id
