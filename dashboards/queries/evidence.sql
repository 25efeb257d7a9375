-- One row is one piece of evidence that a deployment failed: what happened when, and when it was resolved.
SELECT
  failures.evidence,
  failures.confidence,
  failures.happened_at,
  failures.recovered_at,
  incidents.title,
  incidents.severity,
  coalesce(incidents.url, deployments.url) AS url,
  CASE WHEN deployments.deployment_id <> failures.deployment_id THEN deployments.deployment_id END AS deployment_id,
  deployments.kind,
  deployments.commit
FROM failures
LEFT JOIN incidents
  ON failures.evidence = 'incident'
  AND failures.evidence_id = incidents.incident_id
  AND failures.deployment_id = incidents.deployment_id
LEFT JOIN deployments ON failures.evidence_id = deployments.deployment_id
WHERE failures.deployment_id = ?
ORDER BY failures.happened_at, failures.evidence, failures.evidence_id
LIMIT 100
