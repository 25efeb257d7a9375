-- One row is one approval prompt that counts for one deployment (A1). It is an approval if it was settled before a later
-- rollout or weight step of the deployment, or if some target of it never started; a verification if it was settled
-- after the deployment served in full, or after its last rollout had begun.
WITH
started_parts AS (
  SELECT deployment_id, started_at, status FROM attempt_rollouts WHERE governs
  UNION ALL
  SELECT deployment_id, started_at, status FROM rollouts WHERE part = 'step'
),
starts AS (
  SELECT
    deployment_id,
    max(started_at) AS last_started_at,
    bool_or(started_at IS NULL AND status = 'not_started') AS some_planned
  FROM started_parts
  GROUP BY deployment_id
)
SELECT
  trees.deployment_id,
  trees.source,
  approval.id AS approval_id,
  CASE
    WHEN starts.some_planned OR starts.last_started_at IS NULL THEN 'approval'
    WHEN coalesce(approval.decided_at, approval.finished_at, approval.started_at) >= deployments.full_traffic_at
      THEN 'verification'
    WHEN coalesce(approval.decided_at, approval.finished_at, approval.started_at) > starts.last_started_at
      THEN 'verification'
    ELSE 'approval'
  END AS role
FROM deployment_trees AS trees
INNER JOIN deployments ON trees.deployment_id = deployments.deployment_id
INNER JOIN landing.execution ON trees.source = execution.source AND trees.root_id = execution.root_id
INNER JOIN landing.approval
  ON execution.source = approval.source
  AND execution.id = approval.execution_id
  AND execution.revision = approval.revision
LEFT JOIN starts ON trees.deployment_id = starts.deployment_id
WHERE approval.status <> 'not_started'
