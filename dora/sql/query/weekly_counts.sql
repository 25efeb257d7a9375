-- One row is one group and complete local week of a scope, with how many observations count.
SELECT $group AS grp, date_trunc('week', daily_counts.day)::TIMESTAMP AS week, sum(daily_counts.n)::BIGINT AS n
FROM daily_counts."$metric" AS daily_counts
INNER JOIN memberships
  ON
    daily_counts.application = memberships.application
    AND daily_counts.happened_at >= memberships.since
    AND daily_counts.happened_at < memberships.until
WHERE
  ($any_application OR list_contains($applications::VARCHAR[], memberships.application))
  AND ($any_team OR list_contains($teams::VARCHAR[], memberships.team))
  AND ($assistance::VARCHAR IS NULL OR daily_counts.assistance = $assistance)
  AND daily_counts.excluded IS NULL
  AND daily_counts.day >= $first_week
  AND daily_counts.day < $last_week
GROUP BY ALL
