-- One row is one application that ended: by the settings (`until`), or because it was not deployed for `ended_after_days`
-- while another one, which shares its open changes, was (L8).
WITH
last_deployments AS (
  SELECT
    deployments.application,
    max(coalesce(deployments.traffic_at, deployments.finished_at, deployments.queued_at)) AS last_at
  FROM deployments
  GROUP BY deployments.application
),
ages AS (
  SELECT
    last_deployments.application,
    last_deployments.last_at,
    last_deployments.last_at < data_ends.as_of - definitions.ended_after_days * INTERVAL 1 DAY AS is_quiet
  FROM last_deployments
  INNER JOIN definitions ON last_deployments.application = definitions.application
  INNER JOIN data_ends ON last_deployments.application = data_ends.application
),
open_changes AS (
  SELECT changes.application, changes.repository, changes.sha, ages.last_at
  FROM changes
  INNER JOIN ages ON changes.application = ages.application
  WHERE ages.is_quiet AND changes.shipped_by IS NULL
)
SELECT
  open_changes.application,
  open_changes.last_at AS ended_at,
  FALSE AS is_stated,
  min(others.application) AS other_application,
  count(DISTINCT open_changes.sha) AS open_changes
FROM open_changes
INNER JOIN changes AS others ON open_changes.repository = others.repository AND open_changes.sha = others.sha
INNER JOIN ages ON others.application = ages.application
ANTI JOIN application_ends ON open_changes.application = application_ends.application
WHERE others.application <> open_changes.application AND NOT ages.is_quiet
GROUP BY open_changes.application, open_changes.last_at
UNION ALL
SELECT application, until, TRUE, NULL, NULL FROM application_ends
