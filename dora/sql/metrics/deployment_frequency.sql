-- title     = "Deployment frequency"
-- question  = "How often does a change reach production?"
-- unit      = "per day"
-- statistic = "count"
-- better    = "higher"
-- subject   = "deployment"
-- shaped_by = ["frequency_kinds"]
-- One row is one succeeded deployment; those of other kinds stand apart.
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
