-- One row is one rollout to production: what the definitions of its application call production, dry runs and
-- skipped stages apart. is_canary marks workloads that only serve a canary analysis.
WITH
named AS (
  SELECT DISTINCT r.application, r.role, r.environment, r.account, r.location, r.cluster, e.pipeline
  FROM landing.rollout AS r
  INNER JOIN landing.execution AS e ON r.source = e.source AND r.execution_id = e.id AND r.revision = e.revision
),
places AS (
  SELECT
    n.*,
    coalesce(n.role = 'canary', FALSE) OR coalesce(regexp_full_match(n.cluster, d.canary_clusters), FALSE) AS is_canary
  FROM named AS n
  INNER JOIN definitions AS d ON n.application = d.application
  WHERE
    CASE
      WHEN n.environment IS NOT NULL THEN coalesce(regexp_full_match(n.environment, d.production_environments), FALSE)
      ELSE
        coalesce(d.production_accounts, d.production_locations, d.production_clusters, d.production_pipelines) IS NOT NULL
        AND (d.production_accounts IS NULL OR coalesce(regexp_full_match(n.account, d.production_accounts), FALSE))
        AND (d.production_locations IS NULL OR coalesce(regexp_full_match(n.location, d.production_locations), FALSE))
        AND (d.production_clusters IS NULL OR coalesce(regexp_full_match(n.cluster, d.production_clusters), FALSE))
        AND (d.production_pipelines IS NULL OR coalesce(regexp_full_match(n.pipeline, d.production_pipelines), FALSE))
    END
)
SELECT
  r.source,
  r.id AS rollout_id,
  r.execution_id,
  e.root_id,
  r.application,
  r.action,
  r.strategy,
  CASE r.action WHEN 'deploy' THEN 1 WHEN 'rollback' THEN 2 ELSE 3 END AS precedence,
  p.is_canary,
  r.account,
  r.location,
  r.cluster,
  r.status,
  r.started_at,
  r.first_traffic_at,
  r.full_traffic_at,
  r.finished_at,
  r.version,
  r.manifest,
  r.server_group,
  r.restores,
  r.steps_back,
  r.kind,
  r.reason
FROM landing.rollout AS r
INNER JOIN landing.execution AS e ON r.source = e.source AND r.execution_id = e.id AND r.revision = e.revision
INNER JOIN places AS p
  ON r.application = p.application
  AND r.role IS NOT DISTINCT FROM p.role
  AND r.environment IS NOT DISTINCT FROM p.environment
  AND r.account IS NOT DISTINCT FROM p.account
  AND r.location IS NOT DISTINCT FROM p.location
  AND r.cluster IS NOT DISTINCT FROM p.cluster
  AND e.pipeline IS NOT DISTINCT FROM p.pipeline
WHERE NOT e.dry_run AND r.status <> 'skipped'
