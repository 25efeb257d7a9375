-- One row is a set of applications that apply one configuration manifest: each change is compared with the one before.
SELECT DISTINCT list_sort(list(DISTINCT config_manifest.application)) AS applications
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
WHERE production_targets.is_production_config
GROUP BY
  config_manifest.source,
  lower(config_manifest.account),
  lower(config_manifest.location),
  config_manifest.kind,
  config_manifest.name
HAVING count(DISTINCT config_manifest.application) > 1
