-- One row is one deployment, or one piece of evidence, of which two builds, attached as earlier and dora, have different
-- evidence of failure. Only those of the temporary table differing_observations are compared.
WITH
old_evidence AS (SELECT evidence, deployment_id, evidence_id FROM earlier.failures),
new_evidence AS (SELECT evidence, deployment_id, evidence_id FROM dora.failures),
differing AS (
  (FROM old_evidence EXCEPT FROM new_evidence)
  UNION ALL
  (FROM new_evidence EXCEPT FROM old_evidence)
),
subjects AS (
  SELECT DISTINCT evidence, unnest([deployment_id, evidence_id]) AS subject FROM differing
)
SELECT observations.application, observations.subject, subjects.evidence
FROM subjects
INNER JOIN differing_observations AS observations USING (subject)
