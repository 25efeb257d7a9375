-- One row is one version of one managed template with the number of newer ones in use. Versions are ordered by the
-- time they were first observed, then by name.
WITH
observed_versions AS (
  SELECT template, template_version, updated_at
  FROM landing.pipeline_revision
  WHERE template IS NOT NULL AND template_version IS NOT NULL
  UNION ALL
  SELECT template, template_version, updated_at
  FROM landing.pipeline
  WHERE template IS NOT NULL AND template_version IS NOT NULL
),
version_starts AS (
  SELECT
    template,
    template_version,
    min(updated_at) AS seen_at
  FROM observed_versions GROUP BY template, template_version
)
SELECT
  template,
  template_version,
  row_number() OVER (
    PARTITION BY template ORDER BY seen_at DESC NULLS LAST, length(template_version) DESC, template_version DESC
  ) - 1 AS behind
FROM version_starts
