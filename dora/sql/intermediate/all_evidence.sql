-- One row is one piece of evidence, other than a verdict, that a deployment failed.
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
  SELECT deployment_id, evidence, evidence_id, happened_at, recovered_at, confidence FROM evidence_of_incident
)
SELECT
  releases.application,
  releases.blamed_id AS deployment_id,
  evidence.evidence,
  evidence.evidence_id,
  evidence.happened_at,
  evidence.recovered_at,
  max(evidence.confidence) AS confidence
FROM evidence
INNER JOIN deployments_that_can_fail AS releases ON evidence.deployment_id = releases.deployment_id
WHERE releases.outcome IN ('succeeded', 'failed')
GROUP BY ALL
