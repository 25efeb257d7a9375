-- One row is one manifest without a pod template that was applied to production (C5), and whether it differs from the
-- one of the same account, namespace, kind and name that was last in force: what was refused never was.
WITH
manifests AS (
  SELECT
    config_manifest.*,
    execution.root_id,
    lower(coalesce(config_manifest.account, '-') || '/' || coalesce(config_manifest.location, '-')) AS place,
    lag(
      CASE WHEN config_manifest.applied_at IS NOT NULL THEN coalesce(config_manifest.fingerprint, '') END IGNORE NULLS
    ) OVER (
      PARTITION BY
        config_manifest.source,
        lower(config_manifest.account),
        lower(config_manifest.location),
        config_manifest.kind,
        config_manifest.name
      ORDER BY coalesce(config_manifest.applied_at, config_manifest.started_at), config_manifest.id
    ) AS before
  FROM landing.config_manifest
  INNER JOIN landing.execution
    ON config_manifest.source = execution.source
    AND config_manifest.execution_id = execution.id
    AND config_manifest.revision = execution.revision
  INNER JOIN production_targets
    ON config_manifest.application = production_targets.application
    AND config_manifest.account IS NOT DISTINCT FROM production_targets.account
    AND config_manifest.location IS NOT DISTINCT FROM production_targets.location
    AND execution.pipeline IS NOT DISTINCT FROM production_targets.pipeline
    AND production_targets.role IS NULL
    AND production_targets.environment IS NULL
    AND production_targets.cluster IS NULL
  WHERE
    production_targets.is_production_config
    AND config_manifest.action <> 'delete'
    AND config_manifest.status <> 'skipped'
    AND (NOT execution.dry_run OR config_manifest.applied_at IS NOT NULL)
)
SELECT
  source,
  id,
  execution_id,
  root_id,
  application,
  application || '/' || root_id || '@' || source AS deployment_id,
  kind,
  name,
  place || '/' || lower(kind || ' ' || coalesce(name, '-')) AS target,
  status,
  started_at,
  applied_at,
  finished_at,
  reason,
  started_at IS NOT NULL AND fingerprint IS DISTINCT FROM nullif(before, '') AS differs
FROM manifests
