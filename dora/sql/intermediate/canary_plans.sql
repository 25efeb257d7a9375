-- One row is one deployment in whose executions a canary stage was planned, also if it never began.
SELECT DISTINCT deployment_trees.deployment_id
FROM landing.canary
INNER JOIN landing.execution
  ON canary.source = execution.source
  AND canary.execution_id = execution.id
  AND canary.revision = execution.revision
INNER JOIN deployment_trees
  ON execution.source = deployment_trees.source
  AND execution.root_id = deployment_trees.root_id
  AND execution.application = deployment_trees.application
WHERE NOT deployment_trees.is_earlier_deployment
