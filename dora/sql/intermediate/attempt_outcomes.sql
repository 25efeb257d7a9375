-- One row is one attempt with its times and its outcome, by the rollouts that decide (D4). not_everywhere: a target was
-- planned and never started. An attempt of dark content that took no traffic of its own is dark (D3).
WITH
decisions AS (
  SELECT
    source,
    application,
    root_id,
    deployment_id,
    governing_class,
    CASE WHEN bool_and(full_traffic_at IS NOT NULL OR is_planned) THEN max(full_traffic_at) END AS full_traffic_at,
    coalesce(bool_and(full_traffic_at IS NOT NULL) FILTER (NOT is_planned), FALSE) AS all_full,
    bool_or(is_planned) AS some_planned,
    max(started_at) AS last_started_at,
    bool_or(started_at IS NULL) AS some_waiting,
    bool_or(part = 'rising') AS any_rising,
    bool_or(accepted_at IS NOT NULL) AS any_accepted,
    bool_or(stopped_at IS NOT NULL) AS any_stopped,
    coalesce(bool_or(stopped_by = 'analysis'), FALSE) AS stopped_by_analysis,
    coalesce(bool_or(stopped_by = 'person'), FALSE) AS stopped_by_person,
    count(*) AS rollouts,
    max(finished_at) AS finished_at,
    max(kind) AS explicit_kind,
    max(reason) AS reason
  FROM deciding_rollouts
  GROUP BY source, application, root_id, deployment_id, governing_class
),
all_parts AS (
  SELECT
    deployment_id,
    min(execution_id) AS execution_id,
    bool_or(status = 'failed') AS any_failed,
    min(CASE WHEN governs THEN first_traffic_at END) AS first_traffic_at,
    max(CASE WHEN class = 'undo' AND NOT governs THEN full_traffic_at END) AS rolled_back_at,
    max(CASE WHEN class = 'dark' THEN prepared_for END) AS prepared_for
  FROM attempt_rollouts
  GROUP BY deployment_id
)
SELECT
  decisions.*,
  all_parts.execution_id,
  all_parts.first_traffic_at,
  all_parts.rolled_back_at,
  all_parts.prepared_for,
  execution_trees.queued_at,
  execution_trees.started_at,
  decisions.all_full AND decisions.some_planned AND NOT execution_trees.running AS not_everywhere,
  CASE
    WHEN decisions.all_full AND NOT (decisions.some_planned AND execution_trees.running) THEN 'succeeded'
    WHEN execution_trees.running OR decisions.any_rising THEN 'in_progress'
    WHEN decisions.stopped_by_analysis THEN 'stopped_by_canary'
    WHEN all_parts.first_traffic_at IS NOT NULL AND execution_trees.stopped_by_canary THEN 'stopped_by_canary'
    WHEN decisions.stopped_by_person AND NOT all_parts.any_failed THEN 'canceled'
    WHEN all_parts.first_traffic_at IS NOT NULL
      THEN CASE WHEN all_parts.any_failed OR NOT execution_trees.canceled THEN 'failed' ELSE 'canceled' END
    WHEN
      execution_trees.rejected
      AND (decisions.some_waiting OR coalesce(execution_trees.rejected_at <= decisions.last_started_at, TRUE))
      THEN 'rejected'
    WHEN execution_trees.stopped_by_canary THEN 'stopped_by_canary'
    WHEN execution_trees.canceled THEN 'canceled'
    WHEN decisions.governing_class = 'dark' AND decisions.any_accepted AND NOT decisions.any_stopped THEN 'dark'
    ELSE 'not_deployed'
  END AS outcome
FROM decisions
INNER JOIN all_parts ON decisions.deployment_id = all_parts.deployment_id
INNER JOIN execution_trees
  ON decisions.source = execution_trees.source
  AND decisions.root_id = execution_trees.root_id
