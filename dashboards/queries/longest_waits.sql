-- One row is one approval prompt on the way to production, longest wait first. The first of all.
SELECT
  approvals.application,
  approvals.prompt,
  approvals.decided_by,
  approvals.decision,
  approvals.started_at,
  observations.value AS hours,
  observations.censored AS waiting,
  approvals.deployment_id,
  count(*) OVER () AS listed
FROM $observations AS observations
INNER JOIN (
  SELECT DISTINCT ON (source, approval_id, application) *
  FROM approvals
  ORDER BY source, approval_id, application, role, deployment_id
) AS approvals
  ON observations.subject = approvals.approval_id
  AND observations.application = approvals.application
WHERE observations.excluded IS NULL
ORDER BY observations.value DESC, approvals.approval_id
LIMIT ?
