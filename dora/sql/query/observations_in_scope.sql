-- One row is one observation of a metric in a scope, excluded ones too, with the team that its application had at the time,
-- its group and the start of its local period (null without periods).
SELECT
  observations.*,
  memberships.team,
  $group AS grp,
  date_trunc($every::VARCHAR, $local_time)::TIMESTAMP AS period
FROM metrics."$metric" AS observations
INNER JOIN memberships
  ON
    observations.application = memberships.application
    AND coalesce(observations.happened_at, memberships.since) >= memberships.since
    AND coalesce(observations.happened_at < memberships.until, memberships.until = 'infinity')
WHERE
  ($any_application OR list_contains($applications::VARCHAR[], memberships.application))
  AND ($any_team OR list_contains($teams::VARCHAR[], memberships.team))
  AND ($assistance::VARCHAR IS NULL OR observations.assistance = $assistance)
  AND (
    (observations.happened_at >= $since AND observations.happened_at < $until)
    OR ($undated AND observations.happened_at IS NULL)
  )
