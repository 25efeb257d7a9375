-- One row is one source with the beginning of the local day of its first deployment. Clocks may skip a midnight or read it
-- twice: the day begins when they first read it or more.
WITH
first_times AS (
  SELECT source, min(least(started_at, first_traffic_at, full_traffic_at)) AS first_at FROM deployments GROUP BY source
),
local_days AS (
  SELECT
    first_times.source,
    date_trunc('day', first_times.first_at + clock_offsets.seconds * INTERVAL 1 SECOND) AS first_day
  FROM first_times
  INNER JOIN clock_offsets ON first_times.first_at >= clock_offsets.since AND first_times.first_at < clock_offsets.until
)
SELECT
  local_days.source,
  min(greatest(local_days.first_day - clock_offsets.seconds * INTERVAL 1 SECOND, clock_offsets.since)) AS since
FROM local_days
INNER JOIN clock_offsets ON local_days.first_day - clock_offsets.seconds * INTERVAL 1 SECOND < clock_offsets.until
GROUP BY local_days.source
