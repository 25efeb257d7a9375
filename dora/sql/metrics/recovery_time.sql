-- title     = "Failed deployment recovery time"
-- question  = "How long does it take to recover from a failed deployment?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "deployment"
-- shaped_by = ["recovery_starts", "failure_window_hours", "rollback_blames"]
-- One row is one failed deployment, dated when it failed; censored while it has not recovered.
SELECT
  r.application,
  r.failed_at AS happened_at,
  r.deployment_id AS subject,
  epoch(coalesce(r.recovered_at, build.as_of) - r.failed_at) / 3600 AS value,
  r.recovered_at IS NULL AS censored,
  CASE WHEN r.recovered_at IS NULL AND r.failed_at > build.as_of THEN 'failed after the data ends' END AS excluded
FROM recoveries AS r
CROSS JOIN build
