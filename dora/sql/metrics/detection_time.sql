-- title     = "Time to detect"
-- question  = "How long does a failed deployment serve before its first incident is opened?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "deployment"
-- shaped_by = ["recovery_starts", "failure_window_hours"]
-- One row is one failed deployment with an incident, dated by its full traffic (R2).
SELECT
  recoveries.application,
  deployments.traffic_at AS happened_at,
  recoveries.deployment_id AS subject,
  epoch(recoveries.detected_at - recoveries.failed_at) / 3600 AS value,
  FALSE AS censored,
  CASE WHEN recoveries.detected_at < recoveries.failed_at THEN 'opened before it failed' END AS excluded
FROM recoveries
INNER JOIN deployments ON recoveries.deployment_id = deployments.deployment_id
WHERE recoveries.detected_at IS NOT NULL
