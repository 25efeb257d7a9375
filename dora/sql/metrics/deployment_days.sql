-- title     = "Deployment days"
-- question  = "On how many days of a week does a change reach production?"
-- unit      = "days per week"
-- statistic = "days"
-- better    = "higher"
-- subject   = "deployment"
-- shaped_by = ["frequency_kinds", "promotions"]
-- One row is one succeeded deployment; a day counts once, however many there are on it.
SELECT
  deployments.application,
  deployments.full_traffic_at AS happened_at,
  deployments.deployment_id AS subject,
  1.0 AS value,
  FALSE AS censored,
  CASE
    WHEN NOT list_contains(definitions.frequency_kinds, deployments.kind) THEN deployments.kind
    WHEN definitions.promotions = 'joined' AND deployments.joins_id IS NOT NULL THEN 'joins an earlier deployment'
    WHEN observed_days.application IS NULL THEN 'outside the days observed'
  END AS excluded
FROM deployments
INNER JOIN definitions ON deployments.application = definitions.application
LEFT JOIN observed_days
  ON
    deployments.application = observed_days.application
    AND deployments.full_traffic_at >= observed_days.since
    AND deployments.full_traffic_at < observed_days.until
WHERE deployments.succeeded
