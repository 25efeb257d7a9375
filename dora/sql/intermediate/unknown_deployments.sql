-- One row is one deployment that took traffic with new content whose commit is unknown, for each repository of its
-- application that the content may be of, and when the one before started (L6).
WITH
repositories AS (
  SELECT DISTINCT application, repository FROM changes
),
ingested AS (
  SELECT DISTINCT lower(repository) AS repository FROM landing.commit
),
candidates AS (
  SELECT DISTINCT
    deployments.application,
    repositories.repository,
    deployments.deployment_id,
    coalesce(deployments.started_at, deployments.traffic_at) AS started_at,
    deployments.first_traffic_at,
    deployments.full_traffic_at,
    deployments.finished_at,
    lineage.turn
  FROM deployment_contents AS contents
  INNER JOIN deployments ON contents.deployment_id = deployments.deployment_id
  INNER JOIN lineage ON deployments.deployment_id = lineage.deployment_id
  INNER JOIN repositories ON deployments.application = repositories.application
  LEFT JOIN ingested ON lower(contents.repository) = ingested.repository
  WHERE
    contents.sha IS NULL
    AND deployments.took_traffic
    AND deployments.content_change = 'new'
    AND (ingested.repository IS NULL OR ingested.repository = lower(repositories.repository))
)
SELECT
  *,
  lag(started_at) OVER (PARTITION BY application, repository ORDER BY started_at, deployment_id) AS previous_started_at
FROM candidates
