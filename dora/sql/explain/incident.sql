-- One row is one observation of an incident, with the deployment that it is attributed to.
SELECT
  observations.application,
  observations.team,
  observations.happened_at,
  observations.value,
  observations.censored AS pending,
  observations.excluded,
  incidents.severity,
  incidents.title,
  incidents.resolved_at,
  incidents.deployment_id AS deployment,
  incidents.linked_by,
  incidents.link_problem,
  observations.subject AS incident,
  incidents.url
FROM $observations AS observations
INNER JOIN incidents
  ON observations.subject = incidents.incident_id
  AND observations.application = incidents.application
ORDER BY observations.happened_at DESC, observations.subject
