-- One row is one source with the time of its first execution or deployment.
WITH times AS (
  SELECT source, coalesce(queued_at, started_at, finished_at) AS happened_at
  FROM landing.execution
  WHERE coalesce(queued_at, started_at, finished_at) >= TIMESTAMP '1990-01-01'
  UNION ALL
  SELECT source, least(started_at, first_traffic_at, full_traffic_at)
  FROM planned_rollouts
  WHERE NOT is_canary
)
SELECT source, min(happened_at) AS first_at
FROM times
GROUP BY source
