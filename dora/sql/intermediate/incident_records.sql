-- One row is one incident, as its source records it or as its events add up. Without an opening event there is none.
SELECT source, id, application, opened_at, resolved_at, deployment, commit, severity, title, url
FROM landing.incident
UNION ALL
SELECT
  source,
  incident AS id,
  application,
  min(CASE WHEN event = 'opened' THEN happened_at END) AS opened_at,
  max(CASE WHEN event = 'resolved' THEN happened_at END) AS resolved_at,
  min(deployment) AS deployment,
  NULL AS commit,
  NULL AS severity,
  min(title) AS title,
  NULL AS url
FROM landing.incident_event
GROUP BY source, incident, application
HAVING min(CASE WHEN event = 'opened' THEN happened_at END) IS NOT NULL
