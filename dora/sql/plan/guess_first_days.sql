-- One row is one source with the local day of its first deployment, as its rollouts have it.
WITH
first_times AS (
  SELECT
    rollouts.source,
    min(least(coalesce(execution.started_at, rollouts.started_at), rollouts.first_traffic_at, rollouts.full_traffic_at))
      AS first_at
  FROM planned_rollouts AS rollouts
  LEFT JOIN landing.execution ON rollouts.source = execution.source AND rollouts.root_id = execution.id
  WHERE NOT rollouts.is_canary
  GROUP BY rollouts.source
),
local_days AS (
  SELECT
    first_times.source,
    build.timezone,
    date_trunc('day', timezone(build.timezone, timezone('UTC', first_times.first_at))) AS first_day
  FROM first_times
  CROSS JOIN build
)
SELECT source, timezone('UTC', timezone(timezone, first_day)) AS since
FROM local_days
