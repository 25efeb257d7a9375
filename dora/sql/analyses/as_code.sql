-- One row is one application: how many of its pipelines follow a template or a convention, how many of those that
-- change production are behind their template, and which stages they have.
WITH
production AS (
  SELECT
    application,
    count(*) AS production_pipelines,
    sum(CASE WHEN template_kind IN ('v1', 'v2') THEN 1 ELSE 0 END) AS managed,
    sum(CASE WHEN versions_behind > 0 THEN 1 WHEN versions_behind = 0 THEN 0 END) AS behind,
    min(CASE WHEN template_kind IN ('v1', 'v2') THEN template END) AS template,
    min(CASE WHEN template_kind IN ('v1', 'v2') THEN template_version END) AS oldest_version,
    min(CASE WHEN template_kind IN ('v1', 'v2') THEN newest_version END) AS newest_version,
    bool_or(protected) AS protected,
    bool_or(has_canary) AS has_canary,
    bool_or(has_approval) AS has_approval
  FROM pipeline_templates
  GROUP BY application
)
SELECT
  pipelines.application,
  count(*) AS pipelines,
  sum(CASE WHEN pipelines.template_kind IN ('v1', 'v2') THEN 1 ELSE 0 END) AS from_template,
  sum(CASE WHEN pipelines.template_kind = 'convention' THEN 1 ELSE 0 END) AS by_convention,
  min(production.production_pipelines) AS production_pipelines,
  min(production.managed) AS managed,
  min(production.behind) AS behind,
  min(production.template) AS template,
  min(production.oldest_version) AS template_version,
  min(production.newest_version) AS newest_version,
  bool_or(production.protected) AS protected,
  bool_or(production.has_canary) AS has_canary,
  bool_or(production.has_approval) AS has_approval,
  bool_or(
    coalesce(pipelines.has_rollback, FALSE)
    OR regexp_full_match(lower(pipelines.pipeline), '.*(roll.?back|undo).*')
  ) AS has_rollback
FROM pipelines
LEFT JOIN production ON pipelines.application = production.application
WHERE ($any_application OR list_contains($applications::VARCHAR[], pipelines.application))
GROUP BY pipelines.application
ORDER BY pipelines.application
