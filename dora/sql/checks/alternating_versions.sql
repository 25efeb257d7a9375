-- title    = "Environments that alternate between two versions, as if several targets shared them"
-- severity = "warn"
-- next     = "add a column `target` to the file: a region, a cell, whatever serves on its own"
-- One row is one application and environment that served A, B, A, B without a rollback that says so.
WITH
served_versions AS (
  SELECT
    rollout.source,
    rollout.application,
    rollout.environment,
    rollout.full_traffic_at,
    coalesce(rollout.version, execution.commit) AS version
  FROM landing.rollout
  INNER JOIN landing.execution
    ON rollout.source = execution.source
    AND rollout.execution_id = execution.id
    AND rollout.revision = execution.revision
  WHERE
    rollout.environment IS NOT NULL
    AND rollout.target IS NULL
    AND rollout.full_traffic_at IS NOT NULL
    AND rollout.action = 'deploy'
    AND execution.external_id IS NOT NULL
),
sequences AS (
  SELECT
    *,
    lag(version, 1) OVER environments AS previous,
    lag(version, 2) OVER environments AS second_previous,
    lag(version, 3) OVER environments AS third_previous
  FROM served_versions
  WHERE version IS NOT NULL
  WINDOW environments AS (PARTITION BY source, application, environment ORDER BY full_traffic_at, version)
)
SELECT source, application, environment, count(*) AS alternations, min(full_traffic_at) AS first_at
FROM sequences
WHERE version = second_previous AND previous = third_previous AND version <> previous
GROUP BY source, application, environment
