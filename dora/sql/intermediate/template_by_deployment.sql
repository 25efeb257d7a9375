-- One row is one deployment of a pipeline that exists, with the managed template that the pipeline follows now. The
-- pipeline that started the execution decides; otherwise the one of its application that has the same name.
WITH
managed_pipelines AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY source, application, pipeline ORDER BY updated_at DESC, pipeline_id) AS name_rank
  FROM pipeline_templates
  WHERE template_kind IN ('v1', 'v2')
)
SELECT
  deployments.deployment_id,
  coalesce(by_id.template, by_name.template) AS template,
  CASE WHEN by_id.template IS NULL THEN by_name.template_version ELSE by_id.template_version END AS template_version,
  CASE WHEN by_id.template IS NULL THEN by_name.versions_behind ELSE by_id.versions_behind END AS versions_behind
FROM deployments
INNER JOIN landing.execution ON deployments.source = execution.source AND deployments.root_id = execution.id
LEFT JOIN managed_pipelines AS by_id
  ON execution.source = by_id.source AND execution.pipeline_id = by_id.pipeline_id
LEFT JOIN managed_pipelines AS by_name
  ON deployments.source = by_name.source
  AND deployments.application = by_name.application
  AND deployments.pipeline = by_name.pipeline
  AND by_name.name_rank = 1
WHERE execution.pipeline_id IS NOT NULL
