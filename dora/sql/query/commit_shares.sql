-- One row is one group and local period of a scope, with how many of its deployments of new content are of an unknown
-- commit, and how many of one off trunk (G4).
SELECT
  $group AS grp,
  date_trunc($every::VARCHAR, $local_time)::TIMESTAMP AS period,
  count(*) AS deployments,
  count(*) FILTER (observations.is_unknown) AS unknown_commits,
  count(*) FILTER (observations.is_off_trunk) AS off_trunk_commits
FROM (SELECT *, traffic_at AS happened_at FROM deployed_commits) AS observations
INNER JOIN memberships
  ON
    observations.application = memberships.application
    AND observations.happened_at >= memberships.since
    AND observations.happened_at < memberships.until
WHERE
  ($any_application OR list_contains($applications::VARCHAR[], memberships.application))
  AND ($any_team OR list_contains($teams::VARCHAR[], memberships.team))
  AND observations.happened_at >= $since
  AND observations.happened_at < $until
GROUP BY ALL
