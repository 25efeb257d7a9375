-- One row is one deployment that broke or was rolled back, and when all of its targets that broke served again by
-- succeeded deployments after it (R0). Null: not yet.
WITH
-- Deployments that served in full and that no undo of their own ended.
unmended AS (
  SELECT deployment_id FROM rolled_back_deployments WHERE recovered_at IS NULL
  UNION
  SELECT deployment_id FROM approvals WHERE role = 'verification' AND decision = 'stop'
),
targets AS (
  SELECT
    deployments.deployment_id,
    CASE deployments.outcome
      WHEN 'failed' THEN deciding_rollouts.full_traffic_at IS NULL AND NOT deciding_rollouts.is_planned
      ELSE deployments.rolled_back_at IS NOT NULL OR unmended.deployment_id IS NOT NULL
    END AS broke,
    min(CASE WHEN deployments.succeeded THEN deployments.stable_at END) OVER (
      PARTITION BY deciding_rollouts.application, deciding_rollouts.target
      ORDER BY deployments.first_traffic_at, deployments.deployment_id
      ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS fixed_at
  FROM deciding_rollouts
  INNER JOIN deployments ON deciding_rollouts.deployment_id = deployments.deployment_id
  LEFT JOIN unmended ON deployments.deployment_id = unmended.deployment_id
  WHERE deployments.first_traffic_at IS NOT NULL
)
SELECT deployment_id, CASE WHEN bool_and(fixed_at IS NOT NULL) THEN max(fixed_at) END AS fixed_at
FROM targets
WHERE broke
GROUP BY deployment_id
