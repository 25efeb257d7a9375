-- One row is one deployment that waited for an approval so many hours: from the first number (inclusive)
-- to the second (exclusive).
SELECT approvals.deployment_id
FROM metrics.approval_wait
INNER JOIN approvals
  ON approval_wait.subject = approvals.approval_id
  AND approval_wait.application = approvals.application
  AND approvals.role = 'approval'
WHERE
  approval_wait.excluded IS NULL
  AND NOT approval_wait.censored
  AND approval_wait.value >= ?
  AND approval_wait.value < ?
