-- One row is one group of a scope that has observations in all of history, or for a rate deployments of any outcome.
SELECT DISTINCT $group AS grp
FROM (
  SELECT application, happened_at FROM daily_counts."$metric"
  UNION ALL
  SELECT application, traffic_at AS happened_at FROM deployments WHERE $is_rate
) AS observed
INNER JOIN memberships
  ON
    observed.application = memberships.application
    AND coalesce(observed.happened_at, memberships.since) >= memberships.since
    AND coalesce(observed.happened_at < memberships.until, memberships.until = 'infinity')
WHERE
  ($any_application OR list_contains($applications::VARCHAR[], memberships.application))
  AND ($any_team OR list_contains($teams::VARCHAR[], memberships.team))
