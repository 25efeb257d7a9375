-- One row is one selected deployment that has a text in its id, application, team, pipeline, content or person, in the
-- commit, pull request, subject or author of a change that it shipped, or in the name of who approved it.
WITH
searched AS (
  SELECT lower(?) AS words
),
texts AS (
  SELECT
    deployments.deployment_id,
    concat_ws(
      chr(10),
      deployments.deployment_id,
      deployments.application,
      definitions.team,
      deployments.pipeline,
      deployments.commit,
      deployments.version,
      deployments.triggered_by
    ) AS content
  FROM deployments
  INNER JOIN definitions ON deployments.application = definitions.application
  UNION ALL
  SELECT shipped_by, concat_ws(chr(10), sha, change_request, subject, author) FROM changes WHERE shipped_by IS NOT NULL
  UNION ALL
  SELECT deployment_id, decided_by FROM approvals WHERE decided_by IS NOT NULL
)
SELECT DISTINCT texts.deployment_id
FROM texts
SEMI JOIN selected_deployments ON texts.deployment_id = selected_deployments.deployment_id
CROSS JOIN searched
WHERE contains(lower(texts.content), searched.words)
