-- One row is one question about a deployment that was answered after so many hours: from the first number on, less than
-- the second.
SELECT a.deployment_id
FROM metrics.approval_wait AS o
INNER JOIN approvals AS a ON o.subject = a.approval_id AND o.application = a.application
WHERE o.excluded IS NULL AND NOT o.censored AND o.value >= ? AND o.value < ?
