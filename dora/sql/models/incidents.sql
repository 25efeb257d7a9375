-- One row is one incident and the deployment that it is held against: the one that somebody named, else the one that
-- shipped the commit somebody named, else the application's latest that took traffic within the window before it opened.
-- Without any of these it is held against none.
WITH
linked AS (
  SELECT DISTINCT i.source, i.id, c.deployment_id, 'deployment' AS linked_by
  FROM incident_records AS i
  INNER JOIN releases AS c ON i.deployment IN (c.deployment_id, c.root_id)
  UNION
  SELECT DISTINCT i.source, i.id, c.deployment_id, 'deployment'
  FROM incident_records AS i
  INNER JOIN landing.execution AS e ON i.deployment = e.id
  INNER JOIN releases AS c ON e.source = c.source AND e.root_id = c.root_id AND i.application = c.application
  UNION
  SELECT DISTINCT i.source, i.id, x.shipped_by, 'commit'
  FROM incident_records AS i
  INNER JOIN changes AS x ON i.application = x.application AND starts_with(x.sha, lower(i.commit))
  WHERE i.deployment IS NULL AND length(i.commit) >= 7 AND x.shipped_by IS NOT NULL
),
nearby AS (
  SELECT
    i.source,
    i.id,
    c.deployment_id,
    row_number() OVER (PARTITION BY i.source, i.id ORDER BY c.traffic_at DESC, c.deployment_id DESC) AS nearest
  FROM incident_records AS i
  INNER JOIN definitions AS d ON i.application = d.application
  INNER JOIN releases AS c
    ON
      i.application = c.application
      AND c.traffic_at <= i.opened_at
      AND c.traffic_at >= i.opened_at - d.failure_window_hours * INTERVAL 1 HOUR
  LEFT JOIN linked ON i.source = linked.source AND i.id = linked.id
  WHERE linked.id IS NULL
),
links AS (
  SELECT source, id, deployment_id, linked_by FROM linked
  UNION ALL
  SELECT source, id, deployment_id, 'window' FROM nearby WHERE nearest = 1
)
SELECT
  i.id AS incident_id,
  i.source,
  i.application,
  l.deployment_id,
  l.linked_by,
  i.opened_at,
  i.resolved_at,
  i.severity,
  i.title,
  i.url
FROM incident_records AS i
LEFT JOIN links AS l ON i.source = l.source AND i.id = l.id
