-- One row is one rollout to production, as the definitions of its application decide; dry runs and skipped stages are
-- left out. is_canary marks workloads that only serve a canary analysis.
--
-- rollout_id = "Id of the rollout."
-- execution_id = "Id of the execution that did it."
-- action = "deploy, rollback, restart or scale."
-- strategy = "How traffic moves: none, redblack, weights, dark and so on."
-- is_canary = "It serves a canary analysis only."
-- account = "Target account."
-- location = "Namespace or region."
-- cluster = "Cluster or workload."
-- manifest = "Fingerprint of the configuration around the version."
-- server_group = "Server group or revision that it created."
-- restores = "Server group or revision that a rollback returned to."
-- steps_back = "Number of revisions that a rollback went back."
WITH
targets AS (
  SELECT DISTINCT
    rollout.application,
    rollout.role,
    rollout.environment,
    rollout.account,
    rollout.location,
    rollout.cluster,
    execution.pipeline
  FROM landing.rollout
  INNER JOIN landing.execution
    ON rollout.source = execution.source
    AND rollout.execution_id = execution.id
    AND rollout.revision = execution.revision
),
matches AS (
  SELECT
    targets.*,
    coalesce(role = 'canary', FALSE) OR coalesce(regexp_full_match(cluster, canary_clusters), FALSE) AS is_canary,
    coalesce(regexp_full_match(environment, production_environments), FALSE) AS in_environment,
    coalesce(production_accounts, production_locations, production_clusters, production_pipelines) IS NOT NULL
    AND (production_accounts IS NULL OR coalesce(regexp_full_match(account, production_accounts), FALSE))
    AND (production_locations IS NULL OR coalesce(regexp_full_match(location, production_locations), FALSE))
    AND (production_clusters IS NULL OR coalesce(regexp_full_match(cluster, production_clusters), FALSE))
    AND (production_pipelines IS NULL OR coalesce(regexp_full_match(pipeline, production_pipelines), FALSE))
      AS at_target
  FROM targets
  INNER JOIN definitions ON targets.application = definitions.application
),
production_targets AS (
  SELECT * FROM matches WHERE CASE WHEN environment IS NOT NULL THEN in_environment ELSE at_target END
)
SELECT
  rollout.source,
  rollout.id AS rollout_id,
  rollout.execution_id,
  execution.root_id,
  rollout.application,
  rollout.action,
  rollout.strategy,
  production_targets.is_canary,
  rollout.account,
  rollout.location,
  rollout.cluster,
  rollout.status,
  rollout.started_at,
  rollout.first_traffic_at,
  rollout.full_traffic_at,
  rollout.finished_at,
  rollout.version,
  rollout.manifest,
  rollout.server_group,
  rollout.restores,
  rollout.steps_back,
  rollout.kind,
  rollout.reason
FROM landing.rollout
INNER JOIN landing.execution
  ON rollout.source = execution.source
  AND rollout.execution_id = execution.id
  AND rollout.revision = execution.revision
INNER JOIN production_targets
  ON rollout.application = production_targets.application
  AND rollout.role IS NOT DISTINCT FROM production_targets.role
  AND rollout.environment IS NOT DISTINCT FROM production_targets.environment
  AND rollout.account IS NOT DISTINCT FROM production_targets.account
  AND rollout.location IS NOT DISTINCT FROM production_targets.location
  AND rollout.cluster IS NOT DISTINCT FROM production_targets.cluster
  AND execution.pipeline IS NOT DISTINCT FROM production_targets.pipeline
WHERE NOT execution.dry_run AND rollout.status <> 'skipped'
