-- One row is one source with the beginning of the local day of its first deployment.
WITH
first_times AS (
  SELECT source, min(least(started_at, first_traffic_at, full_traffic_at)) AS first_at FROM deployments GROUP BY source
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
