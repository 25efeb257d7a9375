-- One row is one deployment that failed while it deployed or was undone in its own execution, and when the next one
-- that succeeded had made service whole again.
WITH
moments AS (
  SELECT application, traffic_at, min(CASE WHEN succeeded THEN stable_at END) AS stable_at
  FROM deployments
  WHERE traffic_at IS NOT NULL
  GROUP BY application, traffic_at
),
afterwards AS (
  SELECT
    application,
    traffic_at,
    min(stable_at) OVER (
      PARTITION BY application ORDER BY traffic_at ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS later_at
  FROM moments
)
SELECT r.deployment_id, r.outcome, r.traffic_at, r.rolled_back_at, r.reverted_in_run_at, a.later_at
FROM releases AS r
INNER JOIN afterwards AS a ON r.application = a.application AND r.traffic_at = a.traffic_at
WHERE r.outcome = 'failed' OR r.rolled_back_at IS NOT NULL
