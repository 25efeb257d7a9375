-- One row is one pipeline as it is configured now, with its template. If it names none but at least three applications
-- have a pipeline of the same name and stages, that name is its template by convention.
--
-- unique_key = ["source", "pipeline_id"]
-- time = "updated_at"
-- example = "SELECT has_canary, has_approval, count(*) AS pipelines FROM pipelines WHERE NOT disabled GROUP BY ALL"
WITH
similar_pipelines AS (
  SELECT
    pipeline,
    has_canary,
    has_approval,
    has_rollback,
    count(DISTINCT application) AS applications
  FROM landing.pipeline
  WHERE template_kind IS NULL AND pipeline IS NOT NULL
  GROUP BY pipeline, has_canary, has_approval, has_rollback
)
SELECT
  pipeline.source,
  pipeline.id AS pipeline_id,
  pipeline.application,
  pipeline.pipeline,
  CASE WHEN similar_pipelines.applications >= 3 THEN 'convention' ELSE pipeline.template_kind END AS template_kind,
  CASE WHEN similar_pipelines.applications >= 3 THEN pipeline.pipeline ELSE pipeline.template END AS template,
  pipeline.template_version,
  pipeline.protected,
  pipeline.disabled,
  pipeline.has_canary,
  pipeline.has_approval,
  pipeline.has_rollback,
  pipeline.updated_at
FROM landing.pipeline
LEFT JOIN similar_pipelines
  ON pipeline.template_kind IS NULL
  AND pipeline.pipeline = similar_pipelines.pipeline
  AND pipeline.has_canary IS NOT DISTINCT FROM similar_pipelines.has_canary
  AND pipeline.has_approval IS NOT DISTINCT FROM similar_pipelines.has_approval
  AND pipeline.has_rollback IS NOT DISTINCT FROM similar_pipelines.has_rollback
