-- One row is one pipeline that changed production, or started one that did, as it is configured now: the template
-- that it follows and how many newer versions of it are in use. Versions are ordered by the time they were first
-- observed, then by name.
--
-- unique_key = ["source", "pipeline_id"]
-- time = "updated_at"
-- example = "SELECT template, count(*) AS pipelines, count(*) FILTER (versions_behind > 0) AS behind FROM pipeline_templates GROUP BY ALL"
-- newest_version = "Newest version of that template in use."
WITH
production_executions AS (
  SELECT source, application, execution_id FROM rollouts WHERE NOT is_canary
  UNION
  SELECT source, application, root_id AS execution_id FROM rollouts WHERE NOT is_canary
),
production_pipelines AS (
  SELECT DISTINCT production_executions.source, production_executions.application, execution.pipeline_id
  FROM production_executions
  INNER JOIN landing.execution
    ON production_executions.source = execution.source
    AND production_executions.execution_id = execution.id
  WHERE execution.pipeline_id IS NOT NULL
)
SELECT
  pipelines.source,
  pipelines.application,
  pipelines.pipeline_id,
  pipelines.pipeline,
  pipelines.template_kind,
  pipelines.template,
  pipelines.template_version,
  own_versions.behind AS versions_behind,
  newest_versions.template_version AS newest_version,
  pipelines.protected,
  pipelines.disabled,
  pipelines.has_canary,
  pipelines.has_approval,
  pipelines.has_rollback,
  pipelines.updated_at
FROM pipelines
INNER JOIN production_pipelines
  ON pipelines.source = production_pipelines.source
  AND pipelines.application = production_pipelines.application
  AND pipelines.pipeline_id = production_pipelines.pipeline_id
LEFT JOIN template_versions AS own_versions
  ON pipelines.template = own_versions.template
  AND pipelines.template_version = own_versions.template_version
LEFT JOIN template_versions AS newest_versions
  ON pipelines.template = newest_versions.template
  AND newest_versions.behind = 0
