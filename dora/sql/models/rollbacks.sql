-- One row is one return of production to older content: by a deployment of its own, or within the very execution that
-- had changed it. undone_id is the deployment that it took back, served_minutes for how long that had taken traffic.
WITH
returns AS (
  SELECT
    r.deployment_id,
    'deployment' AS how,
    r.traffic_at AS happened_at,
    coalesce(CASE f.rollback_blames WHEN 'first' THEN r.blamed_first_id ELSE r.blamed_last_id END, r.previous_id) AS undone_id
  FROM deployments AS r
  INNER JOIN definitions AS f ON r.application = f.application
  WHERE r.kind = 'rollback' AND r.took_traffic
  UNION ALL
  SELECT deployment_id, 'its own execution', rolled_back_at, deployment_id
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
  x.how,
  a.pipeline,
  a.triggered_by,
  a.by_hand,
  a.approved_by,
  u.deployment_id AS undone_id,
  u.commit AS undone_commit,
  u.version AS undone_version,
  epoch(x.happened_at - u.first_traffic_at) / 60 AS served_minutes,
  b.commit AS restored_commit,
  b.version AS restored_version,
  coalesce(a.reason, i.incidents) AS reason,
  a.deployment_id,
  a.url
FROM returns AS x
INNER JOIN audit_trail AS a ON x.deployment_id = a.deployment_id
LEFT JOIN deployments AS u ON x.undone_id = u.deployment_id
LEFT JOIN deployments AS b ON a.before_id = b.deployment_id
LEFT JOIN blamed AS i ON x.undone_id = i.deployment_id
