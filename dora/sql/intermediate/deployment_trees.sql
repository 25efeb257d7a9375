-- One row is one execution tree that counts for one deployment: its own, those that prepared what it completed (D3), and
-- those whose completion triggered it and that changed nothing themselves (D1). The approvals, people, stages and links
-- of all of them are those of the deployment.
WITH RECURSIVE
triggering_trees AS (
  SELECT deployments.deployment_id, deployments.source, deployments.application, parent.root_id
  FROM deployments
  INNER JOIN landing.execution AS root
    ON deployments.source = root.source AND deployments.root_id = root.id
  INNER JOIN landing.execution AS parent ON root.source = parent.source AND root.parent_id = parent.id
  UNION
  SELECT triggering_trees.deployment_id, triggering_trees.source, triggering_trees.application, parent.root_id
  FROM triggering_trees
  INNER JOIN landing.execution AS root
    ON triggering_trees.source = root.source AND triggering_trees.root_id = root.id
  INNER JOIN landing.execution AS parent ON root.source = parent.source AND root.parent_id = parent.id
)
SELECT
  coalesce(prepared_for_id, deployment_id) AS deployment_id,
  source,
  application,
  root_id,
  queued_at
FROM deployments
UNION ALL
-- Of several that one tree triggered, the first: an approval is one row.
SELECT
  min(triggering_trees.deployment_id) AS deployment_id,
  triggering_trees.source,
  triggering_trees.application,
  triggering_trees.root_id,
  min(execution.queued_at) AS queued_at
FROM triggering_trees
INNER JOIN landing.execution
  ON triggering_trees.source = execution.source AND triggering_trees.root_id = execution.id
ANTI JOIN deployments
  ON triggering_trees.source = deployments.source
  AND triggering_trees.root_id = deployments.root_id
  AND triggering_trees.application = deployments.application
GROUP BY triggering_trees.source, triggering_trees.application, triggering_trees.root_id
