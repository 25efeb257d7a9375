-- One row is one rollout to production, as the definitions of its application decide, with the target that it changes.
-- Left out are skipped stages, dry runs that did nothing, and jobs of applications that have another workload (C4).
-- A rollout that names no workload is one of the only workload at its place, and one that names no namespace, as a
-- manifest without one that the cluster refused, is at the only place of its workload.
-- Where an application deploys several repositories at once, each has a target of its own in an environment (D8).
WITH
workload_applications AS (
  SELECT DISTINCT application
  FROM landing.rollout
  WHERE coalesce(workload_kind, '') NOT IN ('job', 'cronjob')
),
single_clusters AS (
  SELECT source, application, account, location, min(cluster) AS cluster
  FROM landing.rollout
  WHERE environment IS NULL
  GROUP BY source, application, account, location
  HAVING count(DISTINCT cluster) = 1
),
single_locations AS (
  SELECT source, application, lower(account) AS account, lower(cluster) AS cluster, min(location) AS location
  FROM landing.rollout
  WHERE environment IS NULL
  GROUP BY source, application, lower(account), lower(cluster)
  HAVING count(DISTINCT lower(location)) = 1
),
repositories_together AS (
  SELECT DISTINCT rollout.source, rollout.application
  FROM landing.rollout
  INNER JOIN landing.execution
    ON rollout.source = execution.source
    AND rollout.execution_id = execution.id
    AND rollout.revision = execution.revision
  WHERE rollout.environment IS NOT NULL
  GROUP BY rollout.source, rollout.application, execution.root_id, rollout.environment, rollout.target
  HAVING count(DISTINCT lower(execution.repository)) > 1
)
SELECT
  rollout.source,
  rollout.id AS rollout_id,
  rollout.execution_id,
  execution.root_id,
  rollout.application || '/' || execution.root_id || '@' || rollout.source AS deployment_id,
  rollout.application,
  CASE WHEN rollout.environment IS NOT NULL AND rollout.action = 'rollback' THEN 'deploy' ELSE rollout.action END
    AS action,
  rollout.strategy,
  production_targets.is_canary,
  rollout.account,
  coalesce(rollout.location, single_locations.location) AS location,
  coalesce(rollout.cluster, single_clusters.cluster) AS cluster,
  CASE
    WHEN rollout.environment IS NOT NULL
      THEN concat_ws(
        '/',
        lower(rollout.environment),
        lower(rollout.target),
        lower(rollout.account),
        lower(rollout.location),
        lower(rollout.cluster),
        CASE WHEN repositories_together.application IS NOT NULL THEN lower(execution.repository) END
      )
    ELSE lower(
      concat_ws(
        '/',
        coalesce(rollout.account, '-'),
        coalesce(rollout.location, single_locations.location, '-'),
        coalesce(rollout.cluster, single_clusters.cluster, '-/' || rollout.application)
      )
    )
  END AS target,
  rollout.workload_kind,
  rollout.status,
  rollout.started_at,
  coalesce(rollout.accepted_at, rollout.first_traffic_at, rollout.full_traffic_at) AS accepted_at,
  rollout.first_traffic_at,
  rollout.full_traffic_at,
  rollout.finished_at,
  rollout.version,
  rollout.images,
  rollout.template,
  rollout.template_keys,
  rollout.labels,
  rollout.server_group,
  rollout.pause_weights,
  rollout.aborted_by_analysis,
  rollout.services,
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
LEFT JOIN single_clusters
  ON rollout.cluster IS NULL
  AND rollout.source = single_clusters.source
  AND rollout.application = single_clusters.application
  AND rollout.account IS NOT DISTINCT FROM single_clusters.account
  AND rollout.location IS NOT DISTINCT FROM single_clusters.location
LEFT JOIN single_locations
  ON rollout.location IS NULL
  AND rollout.environment IS NULL
  AND rollout.source = single_locations.source
  AND rollout.application = single_locations.application
  AND lower(rollout.account) IS NOT DISTINCT FROM single_locations.account
  AND lower(rollout.cluster) IS NOT DISTINCT FROM single_locations.cluster
LEFT JOIN repositories_together
  ON rollout.source = repositories_together.source
  AND rollout.application = repositories_together.application
LEFT JOIN workload_applications ON rollout.application = workload_applications.application
WHERE
  production_targets.is_production
  AND rollout.status <> 'skipped'
  AND (NOT execution.dry_run OR rollout.accepted_at IS NOT NULL)
  AND (
    coalesce(rollout.workload_kind, '') NOT IN ('job', 'cronjob') OR workload_applications.application IS NULL
  )
