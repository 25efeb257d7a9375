-- One row is one fix forward, attributed to the deployment that it fixes (E2): the one that shipped the change that it
-- reverts (stated), or the latest before a hotfix on its targets (inferred). The fix started while that one took
-- traffic, or within the failure window after it had all of it; that start is the evidence. After a fix that broke
-- itself, its own fix restores service (R0).
WITH
reverting_deployments AS MATERIALIZED (
  SELECT DISTINCT reverting.shipped_by AS evidence_id, reverted.shipped_by AS deployment_id
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
fixes AS (
  SELECT
    deployments.*,
    coalesce(started_at, queued_at, first_traffic_at) AS began_at,
    coalesce(stable_at, next_fixes.fixed_at) AS fixed_at
  FROM deployments
  LEFT JOIN next_fixes ON deployments.deployment_id = next_fixes.deployment_id
  WHERE took_traffic
),
hotfixes_in_window AS (
  SELECT
    failed.deployment_id,
    fixes.deployment_id AS evidence_id,
    fixes.began_at,
    fixes.fixed_at,
    row_number() OVER (
      PARTITION BY fixes.deployment_id ORDER BY failed.earliest_traffic_at DESC, failed.deployment_id DESC
    ) AS nearest
  FROM fixes
  INNER JOIN definitions ON fixes.application = definitions.application
  INNER JOIN served_targets AS fixed_targets ON fixes.deployment_id = fixed_targets.deployment_id
  INNER JOIN served_targets AS failed_targets
    ON fixed_targets.application = failed_targets.application AND fixed_targets.target = failed_targets.target
  INNER JOIN deployments_that_can_fail AS failed ON failed_targets.deployment_id = failed.deployment_id
  WHERE
    fixes.kind = 'hotfix'
    AND fixes.deployment_id <> failed.deployment_id
    AND fixes.began_at >= failed.earliest_traffic_at
    AND fixes.began_at <= failed.traffic_at + definitions.failure_window_hours * INTERVAL 1 HOUR
)
SELECT
  failed.deployment_id,
  'fix_forward' AS evidence,
  fixes.deployment_id AS evidence_id,
  fixes.began_at AS happened_at,
  fixes.fixed_at AS recovered_at,
  'stated' AS confidence
FROM reverting_deployments
INNER JOIN fixes ON reverting_deployments.evidence_id = fixes.deployment_id
INNER JOIN deployments AS failed ON reverting_deployments.deployment_id = failed.deployment_id
INNER JOIN definitions ON failed.application = definitions.application
WHERE
  fixes.began_at >= failed.earliest_traffic_at
  AND fixes.began_at <= failed.traffic_at + definitions.failure_window_hours * INTERVAL 1 HOUR
UNION ALL
SELECT deployment_id, 'fix_forward', evidence_id, began_at, fixed_at, 'inferred'
FROM hotfixes_in_window
WHERE nearest = 1
