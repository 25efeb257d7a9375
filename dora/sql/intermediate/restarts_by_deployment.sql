-- One row is one deployment of which a stage was restarted, in its own tree or in one that led to it: by whom, how often.
SELECT
  deployment_trees.deployment_id,
  string_agg(DISTINCT execution_attempt.restarted_by, ', ' ORDER BY execution_attempt.restarted_by) AS restarted_by,
  count(DISTINCT execution_attempt.id) AS restarts
FROM landing.execution_attempt
INNER JOIN landing.execution
  ON execution_attempt.source = execution.source
  AND execution_attempt.execution_id = execution.id
INNER JOIN deployment_trees
  ON execution.source = deployment_trees.source
  AND execution.root_id = deployment_trees.root_id
  AND execution.application = deployment_trees.application
WHERE execution_attempt.rollout_id IS NULL AND NOT deployment_trees.is_earlier_deployment
GROUP BY deployment_trees.deployment_id
