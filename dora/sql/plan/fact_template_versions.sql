-- One row is one version of a template that a pipeline of a part follows.
SELECT templates.part, template_versions.*
FROM template_versions
INNER JOIN (
  SELECT DISTINCT parts_of_applications.part, pipelines.template
  FROM pipelines
  INNER JOIN parts_of_applications ON pipelines.application = parts_of_applications.application
) AS templates ON template_versions.template = templates.template
