-- One row is one deployment that broke, was rolled back or was stopped at its verification, and when all of its targets
-- that broke served again by succeeded deployments after it (R0). Null: not yet.
WITH
stopped AS (
  SELECT DISTINCT deployment_id FROM approvals WHERE role = 'verification' AND decision = 'stop'
),
targets AS (
  SELECT
    deployments.deployment_id,
    CASE
      WHEN deployments.succeeded THEN deployments.rolled_back_at IS NOT NULL OR stopped.deployment_id IS NOT NULL
      ELSE deciding_rollouts.full_traffic_at IS NULL AND NOT deciding_rollouts.is_planned
    END AS broke,
    min(CASE WHEN deployments.succeeded THEN deployments.stable_at END) OVER (
      PARTITION BY deciding_rollouts.application, deciding_rollouts.target
      ORDER BY deployments.first_traffic_at DESC, deployments.deployment_id DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS fixed_at
  FROM deciding_rollouts
  INNER JOIN deployments ON deciding_rollouts.deployment_id = deployments.deployment_id
  LEFT JOIN stopped ON deployments.deployment_id = stopped.deployment_id
  WHERE deployments.first_traffic_at IS NOT NULL
)
SELECT deployment_id, CASE WHEN bool_and(fixed_at IS NOT NULL) THEN max(fixed_at) END AS fixed_at
FROM targets
WHERE broke
GROUP BY deployment_id
