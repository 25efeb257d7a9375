-- One row is one approval prompt, with its wait and the deployment that it held.
--
-- approval_id = "Id of the approval prompt."
-- prompt = "Instructions of the approval prompt."
-- decision = "continue or stop."
-- answer = "Option chosen, if there were options."
-- decided_by = "User who decided."
-- unauthorized_user = "User who last tried to decide without permission."
-- decided_at = "When it was decided."
SELECT
  approval.id AS approval_id,
  approval.source,
  execution.application,
  trees.deployment_id,
  approval.prompt,
  approval.outcome,
  approval.decision,
  approval.answer,
  approval.decided_by,
  approval.unauthorized_user,
  approval.roles,
  approval.status,
  approval.started_at,
  approval.decided_at,
  epoch(coalesce(approval.decided_at, approval.finished_at) - approval.started_at) / 60 AS waited_minutes
FROM landing.approval
INNER JOIN landing.execution
  ON approval.source = execution.source
  AND approval.execution_id = execution.id
  AND approval.revision = execution.revision
LEFT JOIN deployment_trees AS trees
  ON execution.source = trees.source
  AND execution.root_id = trees.root_id
  AND execution.application = trees.application
WHERE approval.status <> 'not_started'
