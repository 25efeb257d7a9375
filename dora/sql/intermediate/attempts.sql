-- One row is one attempt to change production: one application, one execution tree, however many rollouts.
-- It is judged by its deploy rollouts; where there are none by its rollbacks, else by its restarts.
WITH
targets AS (
  SELECT
    source,
    application,
    root_id,
    min(CASE WHEN precedence = chief THEN first_traffic_at END) AS first_traffic_at,
    max(CASE WHEN precedence = chief THEN full_traffic_at END) AS last_full_traffic_at,
    bool_and(served_all_at IS NOT NULL OR precedence > chief) AS all_full,
    bool_or(status = 'failed' AND precedence = chief) AS broke,
    max(CASE WHEN action = 'rollback' AND chief = 1 THEN full_traffic_at END) AS rolled_back_at,
    min(chief) = 2 AS only_rollbacks,
    min(chief) < 3 AS alters,
    sum(CASE WHEN precedence = chief THEN 1 ELSE 0 END) AS rollouts,
    max(CASE WHEN precedence = chief THEN finished_at END) AS finished_at,
    max(CASE WHEN precedence = chief THEN kind END) AS explicit_kind,
    max(CASE WHEN precedence = chief THEN restores END) AS restores,
    max(CASE WHEN precedence = chief THEN server_group END) AS server_group,
    max(CASE WHEN precedence = chief THEN steps_back END) AS steps_back,
    max(CASE WHEN precedence = chief THEN reason END) AS reason,
    min(execution_id) AS execution_id
  FROM effective_rollouts
  GROUP BY source, application, root_id
),
judged AS (
  SELECT
    t.*,
    execution_trees.queued_at,
    execution_trees.started_at,
    CASE WHEN t.all_full THEN t.last_full_traffic_at END AS full_traffic_at,
    CASE
      WHEN t.all_full THEN 'succeeded'
      WHEN execution_trees.running THEN 'in_progress'
      WHEN t.first_traffic_at IS NOT NULL AND (t.broke OR NOT execution_trees.canceled) THEN 'failed'
      WHEN execution_trees.rejected THEN 'rejected'
      WHEN execution_trees.stopped_by_canary THEN 'stopped_by_canary'
      WHEN execution_trees.canceled THEN 'canceled'
      ELSE 'not_deployed'
    END AS outcome
  FROM targets AS t
  INNER JOIN execution_trees ON t.source = execution_trees.source AND t.root_id = execution_trees.root_id
)
SELECT
  j.application || '/' || j.root_id || '@' || j.source AS deployment_id,
  j.source,
  j.application,
  j.root_id,
  e.pipeline,
  coalesce(root.trigger, e.trigger) AS trigger,
  coalesce(root.triggered_by, e.triggered_by) AS triggered_by,
  coalesce(e.url, root.url) AS url,
  e.branch,
  e.repository,
  e.commit,
  c.version,
  c.manifest,
  j.outcome,
  j.outcome IN ('succeeded', 'failed') AS took_traffic,
  j.outcome = 'succeeded' AS succeeded,
  j.alters,
  j.only_rollbacks
  OR coalesce(regexp_full_match(e.pipeline, d.rollback_pipelines), FALSE)
  OR coalesce(regexp_full_match(root.pipeline, d.rollback_pipelines), FALSE) AS explicit_rollback,
  j.explicit_kind,
  j.restores,
  j.server_group,
  j.steps_back,
  j.rolled_back_at,
  u.reverted_in_run_at,
  j.rollouts,
  coalesce(root.queued_at, j.queued_at) AS queued_at,
  coalesce(root.started_at, j.started_at) AS started_at,
  j.first_traffic_at,
  j.full_traffic_at,
  j.finished_at,
  coalesce(j.full_traffic_at, j.first_traffic_at) AS traffic_at,
  j.reason
FROM judged AS j
INNER JOIN definitions AS d ON j.application = d.application
INNER JOIN landing.execution AS e ON j.source = e.source AND j.execution_id = e.id
LEFT JOIN landing.execution AS root ON j.source = root.source AND j.root_id = root.id
LEFT JOIN deployed_contents AS c ON j.source = c.source AND j.application = c.application AND j.root_id = c.root_id
LEFT JOIN reverted_in_run AS u ON j.source = u.source AND j.application = u.application AND j.root_id = u.root_id
