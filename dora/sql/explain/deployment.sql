-- One row is one observation about a deployment, with what is known of it.
SELECT
  o.application,
  o.team,
  o.happened_at,
  o.value,
  o.censored AS pending,
  o.excluded,
  p.kind,
  p.outcome,
  p.commit,
  p.version,
  p.pipeline,
  p.triggered_by,
  p.first_traffic_at,
  p.full_traffic_at,
  r.evidence AS failure_evidence,
  r.recovered_at,
  o.subject AS deployment,
  p.url
FROM $observations AS o
INNER JOIN deployments AS p ON o.subject = p.deployment_id
LEFT JOIN recoveries AS r ON p.deployment_id = r.deployment_id
ORDER BY o.happened_at DESC, o.subject
