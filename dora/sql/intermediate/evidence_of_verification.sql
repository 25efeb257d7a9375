-- One row is one verification at which a user stopped the pipeline of a deployment that served in full, where the
-- definition `failure_verifications` says that this is a failure. The next succeeded deployment on its targets restores
-- service (R0).
SELECT
  approvals.deployment_id,
  'verification' AS evidence,
  approvals.approval_id AS evidence_id,
  approvals.decided_at AS happened_at,
  next_fixes.fixed_at AS recovered_at,
  'stated' AS confidence
FROM approvals
INNER JOIN definitions ON approvals.application = definitions.application
LEFT JOIN next_fixes ON approvals.deployment_id = next_fixes.deployment_id
WHERE approvals.role = 'verification' AND approvals.decision = 'stop' AND definitions.failure_verifications
