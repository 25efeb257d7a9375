-- One row is one piece of evidence, other than a verdict, that a deployment failed. What joins an earlier deployment
-- (D6) is evidence against that one.
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
  CASE WHEN definitions.promotions = 'joined' THEN coalesce(releases.joins_id, releases.deployment_id) ELSE releases.deployment_id END
    AS deployment_id,
  evidence.evidence,
  evidence.evidence_id,
  evidence.happened_at,
  evidence.recovered_at,
  max(evidence.confidence) AS confidence
FROM evidence
INNER JOIN deployments_that_can_fail AS releases ON evidence.deployment_id = releases.deployment_id
INNER JOIN definitions ON releases.application = definitions.application
WHERE releases.outcome IN ('succeeded', 'failed')
GROUP BY ALL
