-- One row is one canary analysis of a deployment, with its verdict and its thresholds.
SELECT
  verdict,
  score,
  pass_threshold,
  marginal_threshold,
  intervals,
  groups,
  no_data_groups,
  unread_judgment,
  restarted_by,
  reason,
  started_at,
  finished_at
FROM canaries
WHERE deployment_id = ?
ORDER BY started_at, canary_id
LIMIT 50
