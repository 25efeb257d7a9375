-- One row is one deployment that failed while it deployed or was reverted in its own execution, and when the next one
-- that succeeded had restored service.
WITH
traffic_changes AS (
  SELECT application, traffic_at, min(CASE WHEN succeeded THEN stable_at END) AS stable_at
  FROM deployments
  WHERE traffic_at IS NOT NULL
  GROUP BY application, traffic_at
),
next_recoveries AS (
  SELECT
    application,
    traffic_at,
    min(stable_at) OVER (
      PARTITION BY application ORDER BY traffic_at ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS later_at
  FROM traffic_changes
)
SELECT
  releases.deployment_id,
  releases.outcome,
  releases.traffic_at,
  releases.rolled_back_at,
  releases.reverted_in_run_at,
  next_recoveries.later_at
FROM deployments_that_can_fail AS releases
INNER JOIN next_recoveries
  ON releases.application = next_recoveries.application
  AND releases.traffic_at = next_recoveries.traffic_at
WHERE releases.outcome = 'failed' OR releases.rolled_back_at IS NOT NULL
