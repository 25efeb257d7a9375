-- title    = "Executions and rollouts with an unknown status; they count as neither success nor failure"
-- severity = "warn"
-- next     = "report the status so that it can be read"
-- One row is one execution or one rollout.
SELECT source, id, application, pipeline
FROM landing.execution
WHERE status = 'unknown'
UNION ALL
SELECT rollout.source, rollout.id, rollout.application, execution.pipeline
FROM landing.rollout
INNER JOIN landing.execution
  ON rollout.source = execution.source
  AND rollout.execution_id = execution.id
  AND rollout.revision = execution.revision
WHERE rollout.status = 'unknown'
