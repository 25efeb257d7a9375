-- One row is one target of the deployment $deployment_id: what it did there, and what served before and after.
WITH
own_targets AS (
  SELECT
    source,
    application,
    target,
    string_agg(DISTINCT part, ' ' ORDER BY part) AS parts,
    min(coalesce(first_traffic_at, full_traffic_at, started_at)) AS changed_at,
    min(first_traffic_at) AS first_traffic_at,
    max(full_traffic_at) AS full_traffic_at
  FROM rollouts
  WHERE deployment_id = $deployment_id AND NOT is_canary AND part NOT IN ('step', 'clean_up')
  GROUP BY source, application, target
),
intervals AS (
  SELECT * FROM serving_intervals WHERE NOT is_dark
)
SELECT
  own_targets.target,
  own_targets.parts,
  own_targets.first_traffic_at,
  own_targets.full_traffic_at,
  CASE WHEN before.until >= own_targets.changed_at IS NOT FALSE THEN before.version END AS version_before,
  CASE WHEN before.until >= own_targets.changed_at IS NOT FALSE THEN before.commit END AS commit_before,
  before.deployment_id AS deployment_before,
  after.version AS version_after,
  after.commit AS commit_after
FROM own_targets
ASOF LEFT JOIN intervals AS before
  ON own_targets.source = before.source
  AND own_targets.application = before.application
  AND own_targets.target = before.target
  AND own_targets.changed_at > before.since
ASOF LEFT JOIN intervals AS after
  ON own_targets.source = after.source
  AND own_targets.application = after.application
  AND own_targets.target = after.target
  AND own_targets.full_traffic_at >= after.since
ORDER BY own_targets.target
