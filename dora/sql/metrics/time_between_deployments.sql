-- title     = "Time between deployments"
-- question  = "How long is it from one deployment of a service to the next?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "deployment"
-- shaped_by = ["frequency_kinds", "promotions"]
-- One row is one deployment that counts, dated when it served all traffic, with the time until its application's next
-- one; censored while there is none.
WITH counted_deployments AS (
  SELECT deployments.application, deployments.deployment_id, deployments.full_traffic_at
  FROM deployments
  INNER JOIN definitions ON deployments.application = definitions.application
  WHERE
    deployments.succeeded
    AND list_contains(definitions.frequency_kinds, deployments.kind)
    AND NOT (definitions.promotions = 'joined' AND deployments.joins_id IS NOT NULL)
),
deployments_with_next AS (
  SELECT
    application,
    deployment_id,
    full_traffic_at,
    lead(full_traffic_at) OVER (PARTITION BY application ORDER BY full_traffic_at, deployment_id) AS next_at
  FROM counted_deployments
)
SELECT
  deployments_with_next.application,
  deployments_with_next.full_traffic_at AS happened_at,
  deployments_with_next.deployment_id AS subject,
  epoch(coalesce(deployments_with_next.next_at, data_ends.as_of) - deployments_with_next.full_traffic_at) / 3600 AS value,
  deployments_with_next.next_at IS NULL AS censored,
  CASE
    WHEN
      deployments_with_next.next_at IS NULL
      AND deployments_with_next.full_traffic_at > data_ends.as_of
      THEN 'deployed after the data ends'
  END AS excluded
FROM deployments_with_next
INNER JOIN data_ends ON deployments_with_next.application = data_ends.application
