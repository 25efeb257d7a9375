-- One row is one observation about an incident, with the deployment it is held against.
SELECT
  o.application,
  o.team,
  o.happened_at,
  o.value,
  o.censored AS pending,
  o.excluded,
  i.severity,
  i.title,
  i.resolved_at,
  i.deployment_id AS deployment,
  i.linked_by,
  o.subject AS incident,
  i.url
FROM $observations AS o
INNER JOIN incidents AS i ON o.subject = i.incident_id AND o.application = i.application
ORDER BY o.happened_at DESC, o.subject
