-- One row is one execution tree (an execution and all that it started) with the facts that decide its outcome.
WITH
decisions AS (
  SELECT execution.source, execution.root_id, TRUE AS rejected, max(approval.decided_at) AS rejected_at
  FROM landing.approval
  INNER JOIN landing.execution
    ON approval.source = execution.source
    AND approval.execution_id = execution.id
    AND approval.revision = execution.revision
  WHERE approval.decision = 'stop'
  GROUP BY execution.source, execution.root_id
),
judgments AS (
  SELECT
    execution.source,
    execution.root_id,
    -- What stopped for lack of data, or because an analysis could not run, no canary stopped.
    bool_or(judged_canaries.status = 'failed' AND judged_canaries.verdict IN ('marginal', 'fail')) AS stopped_by_canary
  FROM judged_canaries
  INNER JOIN landing.execution
    ON judged_canaries.source = execution.source
    AND judged_canaries.execution_id = execution.id
  WHERE NOT judged_canaries.replaced
  GROUP BY execution.source, execution.root_id
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
  decisions.rejected_at,
  coalesce(judgments.stopped_by_canary, FALSE) AS stopped_by_canary,
  runs.queued_at,
  runs.started_at,
  runs.finished_at
FROM runs
LEFT JOIN decisions ON runs.source = decisions.source AND runs.root_id = decisions.root_id
LEFT JOIN judgments ON runs.source = judgments.source AND runs.root_id = judgments.root_id
