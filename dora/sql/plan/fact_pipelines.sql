-- One row is one pipeline of an application of a part, or of which a part has an execution.
WITH pipeline_parts AS (
  SELECT parts_of_applications.part, pipelines.source, pipelines.pipeline_id
  FROM pipelines
  INNER JOIN parts_of_applications ON pipelines.application = parts_of_applications.application
  UNION
  SELECT application_parts.part, execution.source, execution.pipeline_id
  FROM facts.execution
  INNER JOIN application_parts ON execution.application = application_parts.spelling
  WHERE execution.pipeline_id IS NOT NULL
)
SELECT pipeline_parts.part, pipelines.*
FROM pipelines
INNER JOIN pipeline_parts
  ON pipelines.source = pipeline_parts.source AND pipelines.pipeline_id = pipeline_parts.pipeline_id
