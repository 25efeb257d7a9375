-- One row is one observation of an approval prompt, with the deployment that it held.
SELECT
  observations.application,
  observations.team,
  observations.happened_at,
  observations.value,
  observations.censored AS pending,
  observations.excluded,
  approvals.prompt,
  approvals.outcome,
  approvals.decision,
  approvals.answer,
  approvals.decided_by,
  approvals.unauthorized_user,
  approvals.roles,
  approvals.decided_at,
  approvals.deployment_id AS deployment,
  observations.subject AS approval,
  deployments.url
FROM $observations AS observations
INNER JOIN (
  SELECT DISTINCT ON (source, approval_id, application) *
  FROM approvals
  ORDER BY source, approval_id, application, role, deployment_id
) AS approvals
  ON observations.subject = approvals.approval_id AND observations.application = approvals.application
LEFT JOIN deployments ON approvals.deployment_id = deployments.deployment_id
ORDER BY observations.happened_at DESC, observations.subject
