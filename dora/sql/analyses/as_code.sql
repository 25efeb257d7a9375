-- One row is one application: how many pipelines it has, how many come from a template or a convention, how many of
-- those that change production lag behind their template, and what they have.
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
  p.application,
  count(*) AS pipelines,
  sum(CASE WHEN p.template_kind IN ('v1', 'v2') THEN 1 ELSE 0 END) AS from_template,
  sum(CASE WHEN p.template_kind = 'convention' THEN 1 ELSE 0 END) AS by_convention,
  min(o.production_pipelines) AS production_pipelines,
  min(o.managed) AS managed,
  min(o.behind) AS behind,
  min(o.template) AS template,
  min(o.oldest_version) AS template_version,
  min(o.newest_version) AS newest_version,
  bool_or(o.protected) AS protected,
  bool_or(o.has_canary) AS has_canary,
  bool_or(o.has_approval) AS has_approval,
  bool_or(coalesce(p.has_rollback, FALSE) OR regexp_full_match(lower(p.pipeline), '.*(roll.?back|undo).*')) AS has_rollback
FROM pipelines AS p
LEFT JOIN production AS o ON p.application = o.application
WHERE list_contains($applications::VARCHAR[], p.application)
GROUP BY p.application
ORDER BY p.application
