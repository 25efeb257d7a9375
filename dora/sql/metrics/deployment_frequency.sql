-- title     = "Deployment frequency"
-- question  = "How often does a change reach production?"
-- unit      = "per day"
-- statistic = "count"
-- better    = "higher"
-- subject   = "deployment"
-- dimension = "throughput"
-- shaped_by = ["frequency_kinds", "frequency_counts", "promotions"]
-- One row is one succeeded deployment, or one that ended, by the definition in force; those of other kinds are excluded.
WITH counted_deployments AS (
  SELECT
    deployments.application,
    deployments.deployment_id,
    deployments.kind,
    deployments.joins_id,
    definitions.frequency_kinds,
    definitions.promotions,
    definitions.frequency_counts = 'all_deployments' AS are_all_counted,
    CASE
      WHEN deployments.succeeded
        THEN deployments.full_traffic_at
      ELSE coalesce(deployments.traffic_at, deployments.finished_at, deployments.queued_at)
    END AS happened_at
  FROM deployments
  INNER JOIN definitions ON deployments.application = definitions.application
  WHERE
    deployments.succeeded
    OR (definitions.frequency_counts = 'all_deployments' AND deployments.outcome NOT IN ('in_progress', 'dark'))
)
SELECT
  deployments.application,
  deployments.happened_at,
  deployments.deployment_id AS subject,
  1.0 AS value,
  FALSE AS censored,
  CASE
    WHEN NOT deployments.are_all_counted AND NOT list_contains(deployments.frequency_kinds, deployments.kind)
      THEN deployments.kind
    WHEN deployments.promotions = 'joined' AND deployments.joins_id IS NOT NULL THEN 'joins an earlier deployment'
    WHEN observed_days.application IS NULL THEN 'outside the days observed'
  END AS excluded
FROM counted_deployments AS deployments
LEFT JOIN observed_days
  ON
    deployments.application = observed_days.application
    AND deployments.happened_at >= observed_days.since
    AND deployments.happened_at < observed_days.until
