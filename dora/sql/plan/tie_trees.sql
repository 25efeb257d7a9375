-- One row is a set of applications that one execution tree runs for or changes.
WITH members AS (
  SELECT source, root_id, application FROM landing.execution
  UNION
  SELECT execution.source, execution.root_id, rollout.application
  FROM landing.rollout
  INNER JOIN landing.execution ON rollout.source = execution.source AND rollout.execution_id = execution.id
  UNION
  SELECT execution.source, execution.root_id, config_manifest.application
  FROM landing.config_manifest
  INNER JOIN landing.execution
    ON config_manifest.source = execution.source AND config_manifest.execution_id = execution.id
)
SELECT DISTINCT list_sort(list(application)) AS applications
FROM members
GROUP BY source, root_id
HAVING count(*) > 1
