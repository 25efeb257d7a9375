-- One row is one deployment that failed, with each piece of its evidence in one line, the latest first; the first of all.
WITH
evidence AS (
  SELECT
    f.deployment_id,
    string_agg(DISTINCT f.evidence, ' ' ORDER BY f.evidence) AS evidence,
    max(i.severity) AS severity,
    max(i.title) AS incident
  FROM failures AS f
  LEFT JOIN incidents AS i ON f.evidence = 'incident' AND f.evidence_id = i.incident_id AND f.deployment_id = i.deployment_id
  GROUP BY f.deployment_id
)
SELECT
  o.happened_at,
  p.application,
  d.team,
  p.kind,
  substr(p.commit, 1, 9) AS short_commit,
  b.value AS batch,
  e.evidence,
  e.severity,
  e.incident,
  epoch(r.recovered_at - r.failed_at) / 3600 AS recovered_hours,
  r.recovered_at IS NULL AS still_failing,
  p.url,
  p.deployment_id,
  count(*) OVER () AS listed
FROM $observations AS o
INNER JOIN deployments AS p ON o.subject = p.deployment_id
INNER JOIN definitions AS d ON p.application = d.application
INNER JOIN evidence AS e ON p.deployment_id = e.deployment_id
LEFT JOIN recoveries AS r ON p.deployment_id = r.deployment_id
LEFT JOIN metrics.batch_size AS b ON p.application = b.application AND p.deployment_id = b.subject AND b.excluded IS NULL
WHERE o.excluded IS NULL AND o.value = 1
ORDER BY o.happened_at DESC, p.deployment_id
LIMIT ?
