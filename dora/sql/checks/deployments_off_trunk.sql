-- title    = "Deployments of commits that are not on trunk, and for which no trunk commit stands"
-- severity = "warn"
-- next     = "let the mirror read the heads of requests (refs/pull, refs/merge-requests) or set [sources.git.github]; name other trunks in `trunk` of [sources.git]"
-- One row is one deployment, which ships only what its commit reaches, with the share of these in its application.
SELECT deployment_id, application, share, repository, commit, url
FROM (
  SELECT *, avg(CASE WHEN is_off_trunk THEN 1.0 ELSE 0.0 END) OVER (PARTITION BY application) AS share
  FROM deployed_commits
)
WHERE is_off_trunk
