-- One row is one group that has observations in all of history, with when the first one happened (UTC; null: none has a time).
SELECT $group AS grp, min(daily_counts.happened_at) AS first_at
FROM daily_counts."$metric" AS daily_counts
INNER JOIN memberships
  ON
    daily_counts.application = memberships.application
    AND coalesce(daily_counts.happened_at, memberships.since) >= memberships.since
    AND coalesce(daily_counts.happened_at < memberships.until, memberships.until = 'infinity')
GROUP BY grp
