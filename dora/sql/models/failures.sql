-- One row is one piece of evidence that a deployment failed: a rollback, a fix forward, an incident, a failed deploy, or
-- the verdict of a person. What a later verdict silences is left out; `verdicts` lists it.
-- Confidence: stated by a stage, a commit or a person, or inferred from its place in time.
--
-- unique_key = ["deployment_id", "evidence", "evidence_id"]
-- time = "happened_at"
-- example = "SELECT evidence, count(DISTINCT deployment_id) AS deployments FROM failures GROUP BY ALL ORDER BY deployments DESC"
-- happened_at = "When the evidence happened."
-- evidence_id = "Id of the evidence: the rollback, the fix, the incident, the verdict."
-- confidence = "stated by a stage, a commit or a person, or inferred from its place in time."
SELECT
  all_evidence.application,
  all_evidence.deployment_id,
  all_evidence.evidence,
  all_evidence.evidence_id,
  all_evidence.happened_at,
  all_evidence.recovered_at,
  all_evidence.confidence
FROM all_evidence
ANTI JOIN verdicts
  ON all_evidence.deployment_id = verdicts.deployment_id
  AND verdicts.in_force
  AND verdicts.verdict = 'stable'
  AND all_evidence.happened_at < verdicts.decided_at
UNION ALL
SELECT
  verdicts.application,
  verdicts.deployment_id,
  'verdict' AS evidence,
  verdicts.verdict_id AS evidence_id,
  verdicts.decided_at AS happened_at,
  NULL AS recovered_at,
  'stated' AS confidence
FROM verdicts
INNER JOIN deployments ON verdicts.deployment_id = deployments.deployment_id
WHERE verdicts.in_force AND verdicts.verdict = 'failed' AND deployments.outcome IN ('succeeded', 'failed')
