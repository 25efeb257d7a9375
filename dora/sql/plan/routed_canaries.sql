-- One row is one workload that only serves a canary analysis.
SELECT DISTINCT
  source,
  lower(account) AS account,
  lower(location) AS location,
  coalesce(lower(cluster), '') AS workload,
  labels,
  application
FROM production_rollouts
WHERE is_canary
