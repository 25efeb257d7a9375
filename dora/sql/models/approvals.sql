-- One row is one question put to a person, with how long it waited and the deployment it held.
SELECT
  a.id AS approval_id,
  a.source,
  e.application,
  d.deployment_id,
  a.prompt,
  a.outcome,
  a.decision,
  a.answer,
  a.decided_by,
  a.unauthorized_user,
  a.roles,
  a.status,
  a.started_at,
  a.decided_at,
  epoch(coalesce(a.decided_at, a.finished_at) - a.started_at) / 60 AS waited_minutes
FROM landing.approval AS a
INNER JOIN landing.execution AS e ON a.source = e.source AND a.execution_id = e.id AND a.revision = e.revision
LEFT JOIN deployments AS d ON e.source = d.source AND e.root_id = d.root_id AND e.application = d.application
WHERE a.status <> 'not_started'
