-- One row is one execution of landing that ended in a window, with the execution that started it, the earliest end first.
SELECT
  execution.source,
  execution.id,
  execution.root_id,
  parent.id AS parent_id,
  execution.application,
  execution.pipeline,
  execution.status,
  coalesce(execution.started_at, execution.queued_at) AS started_at,
  execution.finished_at,
  execution.trigger,
  execution.dry_run,
  execution.repository,
  execution.commit,
  execution.branch,
  execution.reason,
  execution.url
FROM execution
LEFT JOIN execution AS parent ON execution.source = parent.source AND execution.parent_id = parent.id
WHERE
  execution.finished_at >= $since
  AND execution.finished_at < $until
  AND coalesce(execution.started_at, execution.queued_at) IS NOT NULL
  AND ($any_application OR list_contains($spellings::VARCHAR[], execution.application))
ORDER BY execution.finished_at, execution.source, execution.id
