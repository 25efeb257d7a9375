-- One row is one fix forward within the failure window, attributed to the deployment that it fixes: the one whose
-- change it reverts (stated), or the latest before a hotfix (inferred).
WITH
reverting_deployments AS MATERIALIZED (
  SELECT DISTINCT reverting.application, reverting.shipped_by AS evidence_id, reverted.shipped_by AS deployment_id
  FROM reverts
  INNER JOIN changes AS reverting ON reverts.repository = reverting.repository AND reverts.sha = reverting.sha
  INNER JOIN changes AS reverted
    ON reverts.repository = reverted.repository
    AND reverts.reverted_sha = reverted.sha
    AND reverting.application = reverted.application
  WHERE
    reverts.takes_back
    AND reverted.shipped_by <> reverting.shipped_by
    AND NOT reverted.baseline
    -- What the same deployment applies again it has not taken back.
    AND NOT reverting.reverted_before_shipping
),
deployments_before_hotfix AS (
  SELECT
    releases.deployment_id,
    deployments.deployment_id AS evidence_id,
    deployments.traffic_at,
    deployments.stable_at,
    row_number() OVER (
      PARTITION BY deployments.deployment_id
      ORDER BY releases.traffic_at DESC, releases.deployment_id DESC
    ) AS nearest
  FROM deployments
  INNER JOIN definitions ON deployments.application = definitions.application
  INNER JOIN deployments_that_can_fail AS releases
    ON
      deployments.application = releases.application
      AND releases.traffic_at < deployments.traffic_at
      AND releases.traffic_at >= deployments.traffic_at - definitions.failure_window_hours * INTERVAL 1 HOUR
  WHERE deployments.kind = 'hotfix' AND deployments.took_traffic
)
SELECT
  reverting_deployments.deployment_id,
  'fix_forward' AS evidence,
  reverting_deployments.evidence_id,
  fixes.traffic_at AS happened_at,
  fixes.stable_at AS recovered_at,
  'stated' AS confidence
FROM reverting_deployments
INNER JOIN deployments AS fixes ON reverting_deployments.evidence_id = fixes.deployment_id
INNER JOIN deployments AS failed ON reverting_deployments.deployment_id = failed.deployment_id
INNER JOIN definitions ON reverting_deployments.application = definitions.application
WHERE
  fixes.traffic_at > failed.traffic_at
  AND fixes.traffic_at <= failed.traffic_at + definitions.failure_window_hours * INTERVAL 1 HOUR
UNION ALL
SELECT deployment_id, 'fix_forward', evidence_id, traffic_at, stable_at, 'inferred'
FROM deployments_before_hotfix
WHERE nearest = 1
