-- One row is one approval that its source reports by events and one deployment that it counts for: one of its chain of
-- events, or the one that it names (A1). It is an approval if it was settled before the deployment took traffic, else a
-- verification.
WITH
approved_trees AS (
  SELECT approvals_of_events.source, approvals_of_events.approval_id, execution.application, execution.root_id
  FROM approvals_of_events
  INNER JOIN landing.execution
    ON approvals_of_events.source = execution.source AND approvals_of_events.chain = execution.chain
  UNION
  SELECT approvals_of_events.source, approvals_of_events.approval_id, execution.application, execution.root_id
  FROM approvals_of_events
  INNER JOIN landing.execution
    ON approvals_of_events.source = execution.source
    AND approvals_of_events.deployment = coalesce(execution.external_id, execution.id)
)
SELECT
  approvals_of_events.approval_id,
  approvals_of_events.source,
  deployments.application,
  deployments.deployment_id,
  CASE
    WHEN coalesce(approvals_of_events.finished_at, approvals_of_events.started_at) > deployments.traffic_at
      THEN 'verification'
    ELSE 'approval'
  END AS role,
  approvals_of_events.url AS prompt,
  approvals_of_events.outcome,
  approvals_of_events.decision,
  approvals_of_events.decided_by,
  CASE
    WHEN approvals_of_events.outcome = 'waiting' THEN 'running'
    WHEN approvals_of_events.outcome = 'canceled' THEN 'canceled'
    WHEN approvals_of_events.decision = 'continue' THEN 'succeeded'
    ELSE 'failed'
  END AS status,
  approvals_of_events.started_at,
  CASE WHEN approvals_of_events.decision IS NOT NULL THEN approvals_of_events.finished_at END AS decided_at,
  approvals_of_events.finished_at
FROM approvals_of_events
INNER JOIN approved_trees
  ON approvals_of_events.source = approved_trees.source
  AND approvals_of_events.approval_id = approved_trees.approval_id
INNER JOIN deployments
  ON approved_trees.source = deployments.source
  AND approved_trees.application = deployments.application
  AND approved_trees.root_id = deployments.root_id
