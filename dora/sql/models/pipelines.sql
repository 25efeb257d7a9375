-- One row is one pipeline as it is configured now, with the template it is made from. Where none is named but several
-- applications have a pipeline of the same name and the same make-up, that name is taken for a template by convention.
WITH
alike AS (
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
  p.source,
  p.id AS pipeline_id,
  p.application,
  p.pipeline,
  CASE WHEN a.applications >= 3 THEN 'convention' ELSE p.template_kind END AS template_kind,
  CASE WHEN a.applications >= 3 THEN p.pipeline ELSE p.template END AS template,
  p.template_version,
  p.protected,
  p.disabled,
  p.has_canary,
  p.has_approval,
  p.has_rollback,
  p.updated_at
FROM landing.pipeline AS p
LEFT JOIN alike AS a
  ON p.template_kind IS NULL
  AND p.pipeline = a.pipeline
  AND p.has_canary IS NOT DISTINCT FROM a.has_canary
  AND p.has_approval IS NOT DISTINCT FROM a.has_approval
  AND p.has_rollback IS NOT DISTINCT FROM a.has_rollback
