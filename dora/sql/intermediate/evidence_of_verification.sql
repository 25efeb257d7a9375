-- One row is one verification at which a user stopped the pipeline of a deployment that served in full, where the
-- definition `failure_verifications` says that this is a failure. The next deployment that succeeds restores service.
SELECT
  approvals.deployment_id,
  'verification' AS evidence,
  approvals.approval_id AS evidence_id,
  approvals.decided_at AS happened_at,
  min(later.stable_at) AS recovered_at,
  'stated' AS confidence
FROM approvals
INNER JOIN definitions ON approvals.application = definitions.application
LEFT JOIN deployments AS later
  ON approvals.application = later.application AND later.succeeded AND later.stable_at > approvals.decided_at
WHERE approvals.role = 'verification' AND approvals.decision = 'stop' AND definitions.failure_verifications
GROUP BY ALL
