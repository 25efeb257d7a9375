-- title    = "Dry runs whose stages changed production all the same; they count as deployments"
-- severity = "warn"
-- next     = "find out why the stages acted; a stage for a dry run needs a condition that skips it"
-- One row is one execution and application.
SELECT
  production_rollouts.source,
  production_rollouts.application,
  production_rollouts.execution_id,
  execution.pipeline,
  count(*) AS rollouts,
  min(production_rollouts.accepted_at) AS first_at
FROM production_rollouts
INNER JOIN landing.execution
  ON production_rollouts.source = execution.source AND production_rollouts.execution_id = execution.id
WHERE execution.dry_run AND NOT production_rollouts.is_canary
GROUP BY
  production_rollouts.source, production_rollouts.application, production_rollouts.execution_id, execution.pipeline
