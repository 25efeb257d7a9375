-- One row is one piece of evidence that a deployment failed: what happened when, and what mended it.
SELECT
  f.evidence,
  f.confidence,
  f.happened_at,
  f.recovered_at,
  i.title,
  i.severity,
  coalesce(i.url, p.url) AS url,
  CASE WHEN p.deployment_id <> f.deployment_id THEN p.deployment_id END AS deployment_id,
  p.kind,
  p.commit
FROM failures AS f
LEFT JOIN incidents AS i ON f.evidence = 'incident' AND f.evidence_id = i.incident_id AND f.deployment_id = i.deployment_id
LEFT JOIN deployments AS p ON f.evidence_id = p.deployment_id
WHERE f.deployment_id = ?
ORDER BY f.happened_at, f.evidence, f.evidence_id
LIMIT 100
