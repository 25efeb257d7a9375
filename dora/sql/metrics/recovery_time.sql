-- title     = "Failed deployment recovery time"
-- question  = "How long does it take to recover from a failed deployment?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "deployment"
-- dimension = "throughput"
-- shaped_by = ["recovery_starts", "failure_window_hours", "failure_verifications", "rollback_blames"]
-- One row is one failed deployment, dated by its full traffic; censored while it has not recovered.
SELECT
  recoveries.application,
  deployments.traffic_at AS happened_at,
  recoveries.deployment_id AS subject,
  epoch(coalesce(recoveries.recovered_at, data_ends.as_of) - recoveries.failed_at) / 3600 AS value,
  recoveries.recovered_at IS NULL AND recoveries.excluded IS NULL AS censored,
  CASE
    WHEN recoveries.excluded IS NOT NULL THEN recoveries.excluded
    WHEN recoveries.recovered_at IS NULL AND recoveries.failed_at > data_ends.as_of THEN 'failed after the data ends'
  END AS excluded
FROM recoveries
INNER JOIN deployments ON recoveries.deployment_id = deployments.deployment_id
INNER JOIN data_ends ON recoveries.application = data_ends.application
