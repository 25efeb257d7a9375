-- One row is one piece of evidence that a deployment failed: a rollback, a fix forward, an incident, or its own failing.
-- What was undone in its own execution tree mended nothing, so nothing has recovered by it. Confidence: stated where a
-- stage, a commit or a person says so, inferred where only its place in time does.
WITH
evidence AS (
  SELECT deployment_id, evidence, evidence_id, happened_at, recovered_at, confidence FROM evidence_of_rollback
  UNION ALL
  SELECT deployment_id, evidence, evidence_id, happened_at, recovered_at, confidence FROM evidence_of_fix_forward
  UNION ALL
  SELECT deployment_id, evidence, evidence_id, happened_at, recovered_at, confidence FROM evidence_of_deploy
  UNION ALL
  SELECT
    deployment_id,
    'incident',
    incident_id,
    opened_at,
    resolved_at,
    CASE linked_by WHEN 'window' THEN 'inferred' ELSE 'stated' END
  FROM incidents
)
SELECT
  r.application,
  e.deployment_id,
  e.evidence,
  e.evidence_id,
  e.happened_at,
  e.recovered_at,
  max(e.confidence) AS confidence
FROM evidence AS e
INNER JOIN releases AS r ON e.deployment_id = r.deployment_id
GROUP BY r.application, e.deployment_id, e.evidence, e.evidence_id, e.happened_at, e.recovered_at
