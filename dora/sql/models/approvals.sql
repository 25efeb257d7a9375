-- One row is one approval prompt and one deployment that it counts for (A1), with its wait; a prompt that no deployment
-- waited for is one row. A prompt of a release train has a row for each of its deployments.
--
-- unique_key = ["source", "approval_id", "deployment_id"]
-- time = "started_at"
-- example = "SELECT decided_by, count(*) AS prompts, median(waited_minutes) AS minutes FROM approvals WHERE role = 'approval' GROUP BY ALL ORDER BY prompts DESC"
-- outcome = "How it was settled: decided, waiting, timed_out, passed_by_timeout, skipped or canceled."
-- started_at = "When the prompt appeared."
-- status = "Status of the stage, in the source's words."
-- approval_id = "Id of the approval prompt."
-- prompt = "Instructions of the approval prompt."
-- decision = "continue or stop."
-- answer = "Option chosen, if there were options."
-- role = "approval if a rollout of the deployment waited for it, verification if it came after; null without deployment."
-- decided_by = "User who decided."
-- unauthorized_at = "When that user tried."
-- skipped_by = "User who skipped it; null if its pipeline did."
-- unauthorized_user = "User who last tried to decide without permission."
-- decided_at = "When it was decided."
SELECT
  approval.id AS approval_id,
  approval.source,
  coalesce(deployments.application, execution.application) AS application,
  prompts.deployment_id,
  prompts.role,
  approval.prompt,
  approval.outcome,
  approval.decision,
  approval.answer,
  approval.decided_by,
  approval.unauthorized_user,
  approval.unauthorized_at,
  approval.skipped_by,
  approval.roles,
  approval.status,
  approval.started_at,
  approval.decided_at,
  approval.finished_at,
  epoch(coalesce(approval.decided_at, approval.finished_at) - approval.started_at) / 60 AS waited_minutes
FROM landing.approval
INNER JOIN landing.execution
  ON approval.source = execution.source
  AND approval.execution_id = execution.id
  AND approval.revision = execution.revision
LEFT JOIN deployment_approvals AS prompts
  ON approval.source = prompts.source AND approval.id = prompts.approval_id
LEFT JOIN deployments ON prompts.deployment_id = deployments.deployment_id
WHERE approval.status <> 'not_started'
UNION ALL BY NAME
SELECT
  *,
  NULL AS answer,
  NULL AS unauthorized_user,
  NULL AS unauthorized_at,
  NULL AS skipped_by,
  NULL AS roles,
  epoch(finished_at - started_at) / 60 AS waited_minutes
FROM reported_approvals
