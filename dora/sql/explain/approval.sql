-- One row is one observation about a question put to a person, with the deployment it held.
SELECT
  o.application,
  o.team,
  o.happened_at,
  o.value,
  o.censored AS pending,
  o.excluded,
  a.prompt,
  a.outcome,
  a.decision,
  a.answer,
  a.decided_by,
  a.unauthorized_user,
  a.roles,
  a.decided_at,
  a.deployment_id AS deployment,
  o.subject AS approval,
  p.url
FROM $observations AS o
INNER JOIN approvals AS a ON o.subject = a.approval_id
LEFT JOIN deployments AS p ON a.deployment_id = p.deployment_id
ORDER BY o.happened_at DESC, o.subject
