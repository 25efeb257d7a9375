-- One row is one execution tree that counts for one deployment: its own, those that prepared what it completed (D3), and
-- those whose completion triggered it (D1). The approvals of all of them are those of the deployment (A1). Trees that
-- changed nothing themselves also give it their people, stages and links; of those from an earlier deployment of the
-- application on (is_earlier_deployment) only the approvals count. is_first marks the first deployment of a tree: what
-- is one row, such as a canary, belongs to that.
WITH RECURSIVE
parents AS (
  SELECT root.source, root.id AS root_id, parent.root_id AS parent_root_id
  FROM landing.execution AS root
  INNER JOIN landing.execution AS parent ON root.source = parent.source AND root.parent_id = parent.id
  WHERE root.root_id = root.id
),
triggering_trees AS (
  SELECT deployment_id, source, application, root_id, FALSE AS is_earlier_deployment
  FROM deployments
  UNION
  SELECT
    triggering_trees.deployment_id,
    triggering_trees.source,
    triggering_trees.application,
    parents.parent_root_id,
    triggering_trees.is_earlier_deployment OR earlier.deployment_id IS NOT NULL
  FROM triggering_trees
  INNER JOIN parents
    ON triggering_trees.source = parents.source AND triggering_trees.root_id = parents.root_id
  LEFT JOIN deployments AS earlier
    ON parents.source = earlier.source
    AND parents.parent_root_id = earlier.root_id
    AND triggering_trees.application = earlier.application
),
trees AS (
  SELECT
    coalesce(deployments.prepared_for_id, triggering_trees.deployment_id) AS deployment_id,
    triggering_trees.source,
    triggering_trees.application,
    triggering_trees.root_id,
    bool_and(triggering_trees.is_earlier_deployment) AS is_earlier_deployment
  FROM triggering_trees
  INNER JOIN deployments ON triggering_trees.deployment_id = deployments.deployment_id
  GROUP BY ALL
)
SELECT
  trees.*,
  execution.queued_at,
  execution.started_at,
  NOT trees.is_earlier_deployment AND row_number() OVER (
    PARTITION BY trees.source, trees.application, trees.root_id, trees.is_earlier_deployment
    ORDER BY deployments.root_id = trees.root_id DESC, trees.deployment_id
  ) = 1 AS is_first
FROM trees
INNER JOIN landing.execution ON trees.source = execution.source AND trees.root_id = execution.id
INNER JOIN deployments ON trees.deployment_id = deployments.deployment_id
