-- One row is one attempt with its outcome. Only the rollouts of the governing action decide its times and its
-- outcome; a deploy is full when all its targets serve all traffic.
WITH
governing_rollouts AS (
  SELECT * FROM effective_rollouts WHERE governs
),
in_run_rollbacks AS (
  SELECT source, application, root_id, max(full_traffic_at) AS rolled_back_at
  FROM effective_rollouts
  WHERE action = 'rollback' AND governing_action = 'deploy'
  GROUP BY source, application, root_id
),
governed_attempts AS (
  SELECT
    source,
    application,
    root_id,
    governing_action,
    min(first_traffic_at) AS first_traffic_at,
    CASE WHEN bool_and(served_all_at IS NOT NULL) THEN max(full_traffic_at) END AS full_traffic_at,
    bool_and(served_all_at IS NOT NULL) AS all_full,
    bool_or(status = 'failed') AS any_failed,
    count(*) AS rollouts,
    max(finished_at) AS finished_at,
    max(kind) AS explicit_kind,
    max(restores) AS restores,
    max(server_group) AS server_group,
    max(steps_back) AS steps_back,
    max(reason) AS reason
  FROM governing_rollouts
  GROUP BY source, application, root_id, governing_action
),
first_executions AS (
  SELECT source, application, root_id, min(execution_id) AS execution_id
  FROM effective_rollouts
  GROUP BY source, application, root_id
)
SELECT
  governed_attempts.*,
  first_executions.execution_id,
  in_run_rollbacks.rolled_back_at,
  execution_trees.queued_at,
  execution_trees.started_at,
  CASE
    WHEN governed_attempts.all_full THEN 'succeeded'
    WHEN execution_trees.running THEN 'in_progress'
    WHEN
      governed_attempts.first_traffic_at IS NOT NULL
      AND (governed_attempts.any_failed OR NOT execution_trees.canceled)
      THEN 'failed'
    WHEN execution_trees.rejected THEN 'rejected'
    WHEN execution_trees.stopped_by_canary THEN 'stopped_by_canary'
    WHEN execution_trees.canceled THEN 'canceled'
    ELSE 'not_deployed'
  END AS outcome
FROM governed_attempts
INNER JOIN first_executions
  ON governed_attempts.source = first_executions.source
  AND governed_attempts.application = first_executions.application
  AND governed_attempts.root_id = first_executions.root_id
INNER JOIN execution_trees
  ON governed_attempts.source = execution_trees.source
  AND governed_attempts.root_id = execution_trees.root_id
LEFT JOIN in_run_rollbacks
  ON governed_attempts.source = in_run_rollbacks.source
  AND governed_attempts.application = in_run_rollbacks.application
  AND governed_attempts.root_id = in_run_rollbacks.root_id
