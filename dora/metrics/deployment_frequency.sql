-- title     = "Deployment frequency"
-- question  = "How often does a change reach production?"
-- unit      = "per day"
-- statistic = "count"
-- better    = "higher"
-- subject   = "deployment"
-- One row is one succeeded deployment; rollbacks and redeploys stand apart.
SELECT
  application,
  full_traffic_at AS happened_at,
  deployment_id AS subject,
  1.0 AS value,
  FALSE AS censored,
  CASE WHEN kind NOT IN ('release', 'hotfix', 'config') THEN kind END AS excluded
FROM deployments
WHERE succeeded
