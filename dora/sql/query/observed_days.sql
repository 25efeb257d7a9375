-- One row is one stretch of time in which an application of a scope was observed as a member of its group (UTC).
SELECT
  $group AS grp,
  observed_days.application,
  greatest(observed_days.since, memberships.since) AS since,
  least(observed_days.until, memberships.until) AS until
FROM observed_days
INNER JOIN memberships
  ON
    observed_days.application = memberships.application
    AND observed_days.since < memberships.until
    AND memberships.since < observed_days.until
WHERE
  ($any_application OR list_contains($applications::VARCHAR[], memberships.application))
  AND ($any_team OR list_contains($teams::VARCHAR[], memberships.team))
ORDER BY grp, observed_days.application, since
