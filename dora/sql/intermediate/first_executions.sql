-- One row is one application with the time of its first execution, rollout or deployment in one source; read_as is the
-- application whose history shows it.
WITH
execution_times AS (
  SELECT
    source,
    id,
    application,
    CASE
      WHEN coalesce(queued_at, started_at, finished_at) >= TIMESTAMP '1990-01-01'
        THEN coalesce(queued_at, started_at, finished_at)
    END AS happened_at
  FROM landing.execution
)
SELECT source, application, application AS read_as, min(happened_at) AS first_at
FROM execution_times
GROUP BY ALL
UNION ALL
SELECT rollout.source, rollout.application, execution_times.application AS read_as, min(execution_times.happened_at)
FROM landing.rollout
INNER JOIN execution_times ON rollout.source = execution_times.source AND rollout.execution_id = execution_times.id
GROUP BY ALL
UNION ALL
SELECT
  deployments.source,
  deployments.application,
  execution_times.application AS read_as,
  min(least(deployments.started_at, deployments.first_traffic_at, deployments.full_traffic_at))
FROM deployments
INNER JOIN execution_times
  ON deployments.source = execution_times.source AND deployments.root_id = execution_times.id
GROUP BY ALL
