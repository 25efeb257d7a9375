-- One row is one place where one application changes something, with what the definitions say of it: whether it is
-- production, whether the manifests beside its workloads are, and whether it only serves a canary analysis.
WITH
places AS (
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
  UNION
  SELECT DISTINCT
    config_manifest.application,
    NULL,
    NULL,
    config_manifest.account,
    config_manifest.location,
    NULL,
    execution.pipeline
  FROM landing.config_manifest
  INNER JOIN landing.execution
    ON config_manifest.source = execution.source
    AND config_manifest.execution_id = execution.id
    AND config_manifest.revision = execution.revision
),
matches AS (
  SELECT
    places.*,
    coalesce(role = 'canary', FALSE) OR coalesce(regexp_full_match(cluster, canary_clusters), FALSE) AS is_canary,
    coalesce(regexp_full_match(environment, production_environments), FALSE) AS in_environment,
    coalesce(production_accounts, production_locations, production_clusters, production_pipelines) IS NOT NULL
    AND (production_accounts IS NULL OR coalesce(regexp_full_match(account, production_accounts), FALSE))
    AND (production_locations IS NULL OR coalesce(regexp_full_match(location, production_locations), FALSE))
    AND (production_pipelines IS NULL OR coalesce(regexp_full_match(pipeline, production_pipelines), FALSE))
      AS at_place,
    production_clusters IS NULL OR coalesce(regexp_full_match(cluster, production_clusters), FALSE) AS of_workload
  FROM places
  INNER JOIN definitions ON places.application = definitions.application
)
SELECT
  application,
  role,
  environment,
  account,
  location,
  cluster,
  pipeline,
  is_canary,
  CASE WHEN environment IS NOT NULL THEN in_environment ELSE at_place AND of_workload END AS is_production,
  environment IS NULL AND at_place AS is_production_config
FROM matches
