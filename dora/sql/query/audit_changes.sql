-- One row is one change of the audit trail that a filter matches, the latest first, with the number of all of them.
WITH
audit_trail_in_scope AS (SELECT * FROM $audit_trail),
matches AS MATERIALIZED (
  SELECT deployment_id, application, happened_at
  FROM audit_trail_in_scope
  WHERE $conditions
),
latest_matches AS (
  SELECT * FROM matches ORDER BY happened_at DESC, deployment_id, application LIMIT $limit
)
SELECT audit_trail.*, (SELECT count(*) FROM matches) AS listed
FROM audit_trail
INNER JOIN latest_matches ON audit_trail.deployment_id = latest_matches.deployment_id
ORDER BY audit_trail.happened_at DESC, audit_trail.deployment_id, audit_trail.application
