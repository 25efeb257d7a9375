-- title     = "Deployment days"
-- question  = "On how many days of a week does a change reach production?"
-- unit      = "days per week"
-- statistic = "days"
-- better    = "higher"
-- subject   = "deployment"
-- shaped_by = ["frequency_kinds"]
-- One row is one succeeded deployment; a day counts once, however many there are on it.
SELECT
  p.application,
  p.full_traffic_at AS happened_at,
  p.deployment_id AS subject,
  1.0 AS value,
  FALSE AS censored,
  CASE WHEN NOT list_contains(d.frequency_kinds, p.kind) THEN p.kind END AS excluded
FROM deployments AS p
INNER JOIN definitions AS d ON p.application = d.application
WHERE p.succeeded
