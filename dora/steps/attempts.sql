-- One row is one attempt to change production: one application, one execution tree, however many rollouts.
-- It is judged by its deploy rollouts; where there are none by its rollbacks, else by its restarts. What is deployed
-- dark, or at a low weight, serves all once a later execution of the same tree brings that target its traffic.
WITH
chiefs AS (
  SELECT source, application, root_id, min(precedence) AS chief
  FROM rollouts
  WHERE NOT is_canary
  GROUP BY source, application, root_id
),
lit AS (
  SELECT source, application, root_id, action, strategy, account, location, cluster, max(full_traffic_at) AS lit_at
  FROM rollouts
  WHERE NOT is_canary AND strategy IN ('dark', 'weights')
  GROUP BY source, application, root_id, action, strategy, account, location, cluster
),
ranked AS (
  SELECT r.*, c.chief, coalesce(r.full_traffic_at, l.lit_at) AS served_all_at
  FROM rollouts AS r
  INNER JOIN chiefs AS c ON r.source = c.source AND r.application = c.application AND r.root_id = c.root_id
  LEFT JOIN lit AS l
    ON
      r.source = l.source
      AND r.application = l.application
      AND r.root_id = l.root_id
      AND r.action = l.action
      AND r.strategy = l.strategy
      AND r.account IS NOT DISTINCT FROM l.account
      AND r.location IS NOT DISTINCT FROM l.location
      AND r.cluster IS NOT DISTINCT FROM l.cluster
  WHERE NOT r.is_canary
),
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
  FROM ranked
  GROUP BY source, application, root_id
),
distinct_versions AS (
  SELECT DISTINCT source, application, root_id, version
  FROM ranked
  WHERE precedence = chief AND version IS NOT NULL
),
versions AS (
  SELECT source, application, root_id, string_agg(version, ' ' ORDER BY version) AS version
  FROM distinct_versions
  GROUP BY source, application, root_id
),
distinct_manifests AS (
  SELECT DISTINCT source, application, root_id, account, location, cluster, manifest
  FROM ranked
  WHERE precedence = chief AND manifest IS NOT NULL
),
manifests AS (
  SELECT
    source,
    application,
    root_id,
    string_agg(manifest, ' ' ORDER BY account, location, cluster, manifest) AS manifest
  FROM distinct_manifests
  GROUP BY source, application, root_id
),
judged AS (
  SELECT
    t.*,
    trees.queued_at,
    trees.started_at,
    CASE WHEN t.all_full THEN t.last_full_traffic_at END AS full_traffic_at,
    CASE
      WHEN t.all_full THEN 'succeeded'
      WHEN trees.running THEN 'in_progress'
      WHEN t.first_traffic_at IS NOT NULL AND (t.broke OR NOT trees.canceled) THEN 'failed'
      WHEN trees.rejected THEN 'rejected'
      WHEN trees.stopped_by_canary THEN 'stopped_by_canary'
      WHEN trees.canceled THEN 'canceled'
      ELSE 'not_deployed'
    END AS outcome
  FROM targets AS t
  INNER JOIN trees ON t.source = trees.source AND t.root_id = trees.root_id
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
  v.version,
  m.manifest,
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
  u.undone_at,
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
LEFT JOIN versions AS v ON j.source = v.source AND j.application = v.application AND j.root_id = v.root_id
LEFT JOIN manifests AS m ON j.source = m.source AND j.application = m.application AND j.root_id = m.root_id
LEFT JOIN undone AS u ON j.source = u.source AND j.application = u.application AND j.root_id = u.root_id
