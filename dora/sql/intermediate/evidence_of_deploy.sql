-- One row is one deployment that failed by itself after it took traffic, seen at its end or before it was restarted.
SELECT
  deployment_id,
  'deploy' AS evidence,
  deployment_id AS evidence_id,
  traffic_at AS happened_at,
  later_at AS recovered_at,
  'stated' AS confidence
FROM failed_during_deploy
WHERE outcome = 'failed'
UNION ALL
SELECT d.deployment_id, 'deploy', d.deployment_id, min(a.first_traffic_at), min(d.full_traffic_at), 'stated'
FROM landing.execution_attempt AS a
INNER JOIN rollouts AS r ON a.source = r.source AND a.rollout_id = r.rollout_id
INNER JOIN releases AS d ON r.source = d.source AND r.root_id = d.root_id AND r.application = d.application
WHERE
  r.action = 'deploy'
  AND NOT r.is_canary
  AND a.started_at IS DISTINCT FROM r.started_at
  AND a.first_traffic_at < d.full_traffic_at
GROUP BY d.deployment_id
