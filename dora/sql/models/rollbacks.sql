-- One row is one return of production to older content: by a deployment of its own, or within the very execution that
-- had changed it. rolled_back_id is the deployment that it took back, live_minutes for how long that had taken traffic.
WITH
returns AS (
  SELECT
    r.deployment_id,
    'separate deployment' AS method,
    r.traffic_at AS happened_at,
    coalesce(CASE f.rollback_blames WHEN 'first' THEN r.blamed_first_id ELSE r.blamed_last_id END, r.previous_id) AS rolled_back_id
  FROM deployments AS r
  INNER JOIN definitions AS f ON r.application = f.application
  WHERE r.kind = 'rollback' AND r.took_traffic
  UNION ALL
  SELECT deployment_id, 'same execution', rolled_back_at, deployment_id
  FROM deployments
  WHERE rolled_back_at IS NOT NULL AND kind <> 'rollback'
),
blamed AS (
  SELECT deployment_id, string_agg(title, ' · ' ORDER BY opened_at, incident_id) AS incidents
  FROM incidents
  WHERE deployment_id IS NOT NULL
  GROUP BY deployment_id
)
SELECT
  a.application,
  a.team,
  x.happened_at,
  x.method,
  a.pipeline,
  a.triggered_by,
  a.started_manually,
  a.approved_by,
  u.deployment_id AS rolled_back_id,
  u.commit AS rolled_back_commit,
  u.version AS rolled_back_version,
  epoch(x.happened_at - u.first_traffic_at) / 60 AS live_minutes,
  b.commit AS restored_commit,
  b.version AS restored_version,
  coalesce(a.reason, i.incidents) AS reason,
  a.deployment_id,
  a.url
FROM returns AS x
INNER JOIN audit_trail AS a ON x.deployment_id = a.deployment_id
LEFT JOIN deployments AS u ON x.rolled_back_id = u.deployment_id
LEFT JOIN deployments AS b ON a.restored_or_previous_id = b.deployment_id
LEFT JOIN blamed AS i ON x.rolled_back_id = i.deployment_id
