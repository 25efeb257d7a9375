-- One row is one execution tree that counts for one deployment: its own, those that prepared what it completed (D3), and
-- those whose completion triggered it (D1). The approvals of all of them are those of the deployment (A1). Trees that
-- changed nothing themselves also give it their people, stages and links; of those from an earlier deployment of the
-- application on (is_earlier_deployment) only the approvals count. is_first marks the first deployment of a tree: what
-- is one row, such as a canary, belongs to that.
WITH
triggering_trees AS (
  SELECT deployment_id, prepared_for_id, source, application, root_id, FALSE AS is_earlier_deployment
  FROM deployments
  UNION ALL
  SELECT
    deployments.deployment_id,
    deployments.prepared_for_id,
    deployments.source,
    deployments.application,
    tree_chains.earlier_id,
    count(earlier.deployment_id) OVER (PARTITION BY deployments.deployment_id ORDER BY tree_chains.depth) > 0
  FROM deployments
  INNER JOIN tree_chains ON deployments.source = tree_chains.scope AND deployments.root_id = tree_chains.id
  LEFT JOIN deployments AS earlier
    ON tree_chains.scope = earlier.source
    AND tree_chains.earlier_id = earlier.root_id
    AND deployments.application = earlier.application
),
trees AS (
  SELECT
    coalesce(prepared_for_id, deployment_id) AS deployment_id,
    source,
    application,
    root_id,
    bool_and(is_earlier_deployment) AS is_earlier_deployment
  FROM triggering_trees
  GROUP BY coalesce(prepared_for_id, deployment_id), source, application, root_id
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
