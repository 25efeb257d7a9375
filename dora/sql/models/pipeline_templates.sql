-- One row is one pipeline that changed production, or started one that did, as it is configured now: the template it is
-- made from and whether a newer version of that is in use. Versions are ordered by when one was first seen here, then as their names count.
WITH
ran AS (
  SELECT source, application, execution_id FROM rollouts WHERE NOT is_canary
  UNION
  SELECT source, application, root_id AS execution_id FROM rollouts WHERE NOT is_canary
),
used AS (
  SELECT DISTINCT ran.source, ran.application, e.pipeline_id
  FROM ran
  INNER JOIN landing.execution AS e ON ran.source = e.source AND ran.execution_id = e.id
  WHERE e.pipeline_id IS NOT NULL
),
seen AS (
  SELECT template, template_version, updated_at
  FROM landing.pipeline_revision
  WHERE template IS NOT NULL AND template_version IS NOT NULL
  UNION ALL
  SELECT template, template_version, updated_at
  FROM landing.pipeline
  WHERE template IS NOT NULL AND template_version IS NOT NULL
),
versions AS (
  SELECT template, template_version, min(updated_at) AS seen_at FROM seen GROUP BY template, template_version
),
ranked AS (
  SELECT
    template,
    template_version,
    row_number() OVER (
      PARTITION BY template ORDER BY seen_at DESC NULLS LAST, length(template_version) DESC, template_version DESC
    ) - 1 AS behind
  FROM versions
)
SELECT
  p.source,
  p.application,
  p.pipeline_id,
  p.pipeline,
  p.template_kind,
  p.template,
  p.template_version,
  r.behind AS versions_behind,
  n.template_version AS newest_version,
  p.protected,
  p.disabled,
  p.has_canary,
  p.has_approval,
  p.has_rollback,
  p.updated_at
FROM pipelines AS p
INNER JOIN used AS u ON p.source = u.source AND p.application = u.application AND p.pipeline_id = u.pipeline_id
LEFT JOIN ranked AS r ON p.template = r.template AND p.template_version = r.template_version
LEFT JOIN ranked AS n ON p.template = n.template AND n.behind = 0
