-- One row is one group, local period and reason left out (null: counted) of a scope, with sums over its observations.
-- The build has counted complete local days; the parts of days at both ends of the window are counted from observations.
-- Days are counted on demand: to tell them apart takes half of the time, and one statistic needs it.
WITH
partial_days AS (
  SELECT * FROM metrics."$metric" WHERE happened_at >= $since AND happened_at < $first_midnight
  UNION ALL
  SELECT * FROM metrics."$metric" WHERE happened_at >= $last_midnight AND happened_at < $until
),
counts AS (
  SELECT application, happened_at, day, excluded, assistance, n, open, total
  FROM daily_counts."$metric"
  WHERE (day >= $first_day AND day < $last_day) OR ($undated AND day IS NULL)
  UNION ALL
  SELECT
    application,
    min(happened_at) AS happened_at,
    ($local_time)::DATE AS day,
    excluded,
    assistance,
    count(*) AS n,
    count(*) FILTER (censored) AS open,
    sum(value) AS total
  FROM partial_days AS observations
  GROUP BY ALL
)
SELECT
  $group AS grp,
  date_trunc($every::VARCHAR, counts.day)::TIMESTAMP AS period,
  counts.excluded,
  sum(counts.n)::BIGINT AS n,
  sum(counts.open)::BIGINT AS open,
  sum(counts.total) AS total,
  count(DISTINCT CASE WHEN $count_days THEN counts.day END) AS active_days
FROM counts
INNER JOIN memberships
  ON
    counts.application = memberships.application
    AND coalesce(counts.happened_at, memberships.since) >= memberships.since
    AND coalesce(counts.happened_at < memberships.until, memberships.until = 'infinity')
WHERE
  ($any_application OR list_contains($applications::VARCHAR[], memberships.application))
  AND ($any_team OR list_contains($teams::VARCHAR[], memberships.team))
  AND ($assistance::VARCHAR IS NULL OR counts.assistance = $assistance)
GROUP BY ALL
ORDER BY counts.excluded
