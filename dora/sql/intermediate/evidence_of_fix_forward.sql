-- One row is one fix that went forward within the window, held against the deployment that it mends: the one whose change
-- it reverts (stated), or the latest before a hotfix (inferred).
WITH
undoing AS MATERIALIZED (
  SELECT DISTINCT r.application, r.shipped_by AS evidence_id, c.shipped_by AS deployment_id
  FROM changes AS r
  INNER JOIN changes AS c ON r.application = c.application AND r.repository = c.repository AND r.reverts = c.sha
  WHERE r.reverts IS NOT NULL AND c.shipped_by <> r.shipped_by AND NOT c.baseline
),
hotfixed AS (
  SELECT
    r.deployment_id,
    h.deployment_id AS evidence_id,
    h.traffic_at,
    h.stable_at,
    row_number() OVER (PARTITION BY h.deployment_id ORDER BY r.traffic_at DESC, r.deployment_id DESC) AS nearest
  FROM deployments AS h
  INNER JOIN definitions AS d ON h.application = d.application
  INNER JOIN releases AS r
    ON
      h.application = r.application
      AND r.traffic_at < h.traffic_at
      AND r.traffic_at >= h.traffic_at - d.failure_window_hours * INTERVAL 1 HOUR
  WHERE h.kind = 'hotfix' AND h.took_traffic
)
SELECT
  u.deployment_id,
  'fix_forward' AS evidence,
  u.evidence_id,
  f.traffic_at AS happened_at,
  f.stable_at AS recovered_at,
  'stated' AS confidence
FROM undoing AS u
INNER JOIN deployments AS f ON u.evidence_id = f.deployment_id
INNER JOIN deployments AS failed ON u.deployment_id = failed.deployment_id
INNER JOIN definitions AS d ON u.application = d.application
WHERE
  f.traffic_at > failed.traffic_at
  AND f.traffic_at <= failed.traffic_at + d.failure_window_hours * INTERVAL 1 HOUR
UNION ALL
SELECT deployment_id, 'fix_forward', evidence_id, traffic_at, stable_at, 'inferred'
FROM hotfixed
WHERE nearest = 1
