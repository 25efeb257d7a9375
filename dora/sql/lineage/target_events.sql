-- The places of routes, and the targets with anything but deploys: only there does a history decide what serves.
WITH replayed AS (
  SELECT DISTINCT source, target FROM production_rollouts
  WHERE NOT is_canary AND (action NOT IN ('deploy', 'scale') OR strategy = 'dark' OR len(pause_weights) > 0
    OR aborted_by_analysis IS NOT NULL OR (action = 'scale' AND server_group IS NOT NULL))
  UNION
  SELECT DISTINCT rollouts.source, rollouts.target
  FROM production_rollouts rollouts JOIN landing.traffic_route route
    ON rollouts.source = route.source AND lower(rollouts.account) IS NOT DISTINCT FROM lower(route.account)
    AND lower(rollouts.location) IS NOT DISTINCT FROM lower(route.location)
  WHERE NOT rollouts.is_canary)
SELECT rollouts.source, lower(account), lower(location), rollouts.target, rollouts.rollout_id, rollouts.application,
  rollouts.execution_id, rollouts.root_id, coalesce(lower(cluster), ''), action, epoch_us(accepted_at),
  epoch_us(first_traffic_at), epoch_us(full_traffic_at), revision_identity, lower(server_group), labels,
  coalesce(strategy = 'dark', false), lower(restores), steps_back, pause_weights, aborted_by_analysis IS NOT NULL,
  CASE
    WHEN aborted_by_analysis OR (action = 'abort' AND trees.stopped_by_canary) THEN 'analysis'
    WHEN action = 'aborted' OR (action = 'abort' AND root.trigger = 'manual') THEN 'person'
  END,
  workload_kind, services
FROM production_rollouts rollouts
JOIN replayed USING (source, target)
JOIN execution_trees trees ON rollouts.source = trees.source AND rollouts.root_id = trees.root_id
LEFT JOIN landing.execution root ON rollouts.source = root.source AND rollouts.root_id = root.id
LEFT JOIN (
  SELECT source, id, hash(template, template_keys, images, version) AS revision_identity
  FROM landing.rollout
  WHERE coalesce(template, version) IS NOT NULL
) revisions ON rollouts.source = revisions.source AND rollouts.rollout_id = revisions.id
WHERE NOT is_canary
ORDER BY accepted_at NULLS LAST, rollouts.started_at, rollouts.rollout_id
