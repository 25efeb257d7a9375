-- One row is one question to a person on the way to production, the longest wait first; the first of them all.
SELECT
  a.application,
  a.prompt,
  a.decided_by,
  a.decision,
  a.started_at,
  o.value AS hours,
  o.censored AS waiting,
  a.deployment_id,
  count(*) OVER () AS listed
FROM $observations AS o
INNER JOIN approvals AS a ON o.subject = a.approval_id AND o.application = a.application
WHERE o.excluded IS NULL
ORDER BY o.value DESC, a.approval_id
LIMIT ?
