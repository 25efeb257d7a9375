-- One row is one incident, as its source records it or as its events add up. Without an opening event there is none,
-- and neither is one that its source excludes or whose environment is not production. Incidents of two systems or applications
-- with one id have ids with both.
WITH
reported_incidents AS (
  SELECT source, id, application, environment, opened_at, resolved_at, deployment, commit, severity, title, url
  FROM landing.incident
  WHERE exclusion IS NULL
  UNION ALL
  SELECT
    source,
    CASE
      WHEN count(*) OVER (PARTITION BY source, incident) = 1 THEN incident
      ELSE concat_ws('/', system, application, incident)
    END AS id,
    application,
    coalesce(min(CASE WHEN event = 'opened' THEN environment END), min(environment)) AS environment,
    min(CASE WHEN event = 'opened' THEN happened_at END) AS opened_at,
    max(CASE WHEN event = 'resolved' THEN happened_at END) AS resolved_at,
    min(deployment) AS deployment,
    NULL AS commit,
    NULL AS severity,
    min(title) AS title,
    NULL AS url
  FROM landing.incident_event
  GROUP BY source, system, incident, application
  HAVING min(CASE WHEN event = 'opened' THEN happened_at END) IS NOT NULL
)
SELECT reported_incidents.* EXCLUDE (environment)
FROM reported_incidents
LEFT JOIN definitions ON reported_incidents.application = definitions.application
WHERE
  reported_incidents.environment IS NULL
  OR coalesce(regexp_full_match(reported_incidents.environment, definitions.production_environments), FALSE)
