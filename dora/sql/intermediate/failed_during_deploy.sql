-- One row is one deployment that failed while it deployed or was undone in its own execution, and when the next one
-- that succeeded had made service whole again.
WITH
moments AS (
  SELECT application, traffic_at, min(CASE WHEN succeeded THEN mended_at END) AS mended_at
  FROM deployments
  WHERE traffic_at IS NOT NULL
  GROUP BY application, traffic_at
),
afterwards AS (
  SELECT
    application,
    traffic_at,
    min(mended_at) OVER (
      PARTITION BY application ORDER BY traffic_at ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS later_at
  FROM moments
)
SELECT r.deployment_id, r.outcome, r.traffic_at, r.rolled_back_at, r.undone_at, a.later_at
FROM releases AS r
INNER JOIN afterwards AS a ON r.application = a.application AND r.traffic_at = a.traffic_at
WHERE r.outcome = 'failed' OR r.rolled_back_at IS NOT NULL
