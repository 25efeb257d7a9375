-- title     = "Time to repair"
-- question  = "How long does it take to recover once the first incident of a failed deployment is opened?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "deployment"
-- shaped_by = ["failure_window_hours", "rollback_blames"]
-- One row is one failed deployment with an incident, dated by its full traffic; censored while it has not recovered (R2).
SELECT
  recoveries.application,
  deployments.traffic_at AS happened_at,
  recoveries.deployment_id AS subject,
  epoch(coalesce(recoveries.recovered_at, data_ends.as_of) - recoveries.detected_at) / 3600 AS value,
  recoveries.recovered_at IS NULL AND recoveries.excluded IS NULL AS censored,
  CASE
    WHEN recoveries.excluded IS NOT NULL THEN recoveries.excluded
    WHEN recoveries.recovered_at < recoveries.detected_at THEN 'recovered before the incident'
    WHEN recoveries.recovered_at IS NULL AND recoveries.detected_at > data_ends.as_of THEN 'opened after the data ends'
  END AS excluded
FROM recoveries
INNER JOIN deployments ON recoveries.deployment_id = deployments.deployment_id
INNER JOIN data_ends ON recoveries.application = data_ends.application
WHERE recoveries.detected_at IS NOT NULL
