-- One row is one deployment that a definition calls a hotfix: by a subject or a label of a change that it shipped, by
-- its branch, or by its pipeline: of what did it, or of what started that (D1).
WITH
executions AS (
  SELECT deployment_id, application, source, execution_id FROM attempt_rollouts
  UNION
  SELECT deployment_id, application, source, root_id FROM attempts
),
runs AS (
  SELECT DISTINCT executions.deployment_id, executions.application, execution.branch, execution.pipeline
  FROM executions
  INNER JOIN landing.execution ON executions.source = execution.source AND executions.execution_id = execution.id
),
labels AS (
  SELECT repository, sha, unnest(labels) AS label FROM change_requests
)
SELECT changes.shipped_by AS deployment_id
FROM changes
INNER JOIN globs
  ON changes.application = globs.application
  AND globs.key = 'hotfix_subjects'
  AND changes.subject ILIKE globs.pattern ESCAPE '\'
WHERE NOT changes.baseline
UNION
SELECT changes.shipped_by
FROM labels
INNER JOIN changes ON labels.repository = changes.repository AND labels.sha = changes.sha
INNER JOIN globs
  ON changes.application = globs.application
  AND globs.key = 'hotfix_labels'
  AND labels.label ILIKE globs.pattern ESCAPE '\'
WHERE NOT changes.baseline
UNION
SELECT runs.deployment_id
FROM runs
INNER JOIN globs
  ON runs.application = globs.application
  AND globs.key = 'hotfix_branches'
  AND runs.branch ILIKE globs.pattern ESCAPE '\'
UNION
SELECT runs.deployment_id
FROM runs
INNER JOIN globs
  ON runs.application = globs.application
  AND globs.key = 'hotfix_pipelines'
  AND runs.pipeline ILIKE globs.pattern ESCAPE '\'
