-- One row is one deployment that a definition calls a hotfix: by a subject or a label of a change that it shipped, by
-- its branch, or by its pipeline.
WITH
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
SELECT attempts.deployment_id
FROM attempts
INNER JOIN globs
  ON attempts.application = globs.application
  AND globs.key = 'hotfix_branches'
  AND attempts.branch ILIKE globs.pattern ESCAPE '\'
UNION
SELECT attempts.deployment_id
FROM attempts
INNER JOIN globs
  ON attempts.application = globs.application
  AND globs.key = 'hotfix_pipelines'
  AND attempts.pipeline ILIKE globs.pattern ESCAPE '\'
