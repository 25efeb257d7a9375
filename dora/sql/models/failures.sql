-- One row is one piece of evidence that a deployment failed: a rollback, a fix forward, an incident, or a failed
-- deploy. A deployment that its own execution reverted has restored nothing, so no failure recovers by it.
-- Confidence: stated by a stage, a commit or a person, or inferred from its place in time.
--
-- evidence_id = "Id of the evidence: the rollback, the fix, the incident."
-- confidence = "stated by a stage, a commit or a person, or inferred from its place in time."
WITH
evidence AS (
  SELECT deployment_id, evidence, evidence_id, happened_at, recovered_at, confidence FROM evidence_of_rollback
  UNION ALL
  SELECT deployment_id, evidence, evidence_id, happened_at, recovered_at, confidence FROM evidence_of_fix_forward
  UNION ALL
  SELECT deployment_id, evidence, evidence_id, happened_at, recovered_at, confidence FROM evidence_of_deploy
  UNION ALL
  SELECT deployment_id, evidence, evidence_id, happened_at, recovered_at, confidence FROM evidence_of_verification
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
  releases.application,
  evidence.deployment_id,
  evidence.evidence,
  evidence.evidence_id,
  evidence.happened_at,
  evidence.recovered_at,
  max(evidence.confidence) AS confidence
FROM evidence
INNER JOIN deployments_that_can_fail AS releases ON evidence.deployment_id = releases.deployment_id
GROUP BY
  releases.application,
  evidence.deployment_id,
  evidence.evidence,
  evidence.evidence_id,
  evidence.happened_at,
  evidence.recovered_at
