-- One row is one execution tree (an execution and all that it started) with what decides how it ended.
WITH
decisions AS (
  SELECT e.source, e.root_id, bool_or(a.decision = 'stop') AS rejected
  FROM landing.approval AS a
  INNER JOIN landing.execution AS e ON a.source = e.source AND a.execution_id = e.id AND a.revision = e.revision
  GROUP BY e.source, e.root_id
),
judgments AS (
  SELECT e.source, e.root_id, bool_or(c.status = 'failed' AND c.score IS NOT NULL) AS stopped_by_canary
  FROM landing.canary AS c
  INNER JOIN landing.execution AS e ON c.source = e.source AND c.execution_id = e.id AND c.revision = e.revision
  GROUP BY e.source, e.root_id
),
runs AS (
  SELECT
    source,
    root_id,
    bool_or(status IN ('running', 'not_started')) AS running,
    bool_or(status = 'canceled') AS canceled,
    min(queued_at) AS queued_at,
    min(started_at) AS started_at,
    max(finished_at) AS finished_at
  FROM landing.execution
  GROUP BY source, root_id
)
SELECT
  runs.source,
  runs.root_id,
  runs.running,
  runs.canceled,
  coalesce(decisions.rejected, FALSE) AS rejected,
  coalesce(judgments.stopped_by_canary, FALSE) AS stopped_by_canary,
  runs.queued_at,
  runs.started_at,
  runs.finished_at
FROM runs
LEFT JOIN decisions ON runs.source = decisions.source AND runs.root_id = decisions.root_id
LEFT JOIN judgments ON runs.source = judgments.source AND runs.root_id = judgments.root_id
