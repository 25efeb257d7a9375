-- One row is one stage that began and ended, of an execution of landing that ended in a window.
SELECT
  stage.source,
  stage.execution_id,
  stage.id,
  stage.parent_id,
  stage.name,
  stage.kind,
  stage.status,
  stage.started_at,
  stage.finished_at,
  stage.reason
FROM stage
INNER JOIN execution
  ON stage.source = execution.source AND stage.execution_id = execution.id AND stage.revision = execution.revision
WHERE
  execution.finished_at >= $since
  AND execution.finished_at < $until
  AND coalesce(execution.started_at, execution.queued_at) IS NOT NULL
  AND ($any_application OR list_contains($spellings::VARCHAR[], execution.application))
  AND stage.started_at IS NOT NULL
  AND stage.finished_at IS NOT NULL
ORDER BY stage.started_at, stage.id
