-- One row is one change that consists of cherry-picks of other changes only; those count, and it does not.
WITH
changes_with_picks AS (
  SELECT DISTINCT included_commits.repository, included_commits.change_sha
  FROM cherry_picks
  INNER JOIN included_commits
    ON cherry_picks.repository = included_commits.repository
    AND cherry_picks.sha = included_commits.sha
),
plain_commits AS (
  SELECT DISTINCT included_commits.repository, included_commits.change_sha, included_commits.sha
  FROM changes_with_picks
  INNER JOIN included_commits
    ON changes_with_picks.repository = included_commits.repository
    AND changes_with_picks.change_sha = included_commits.change_sha
  INNER JOIN landing.commit ON included_commits.repository = commit.repository AND included_commits.sha = commit.sha
  WHERE len(commit.parents) < 2
)
SELECT plain_commits.repository, plain_commits.change_sha AS sha, min(cherry_picks.change_sha) AS origin_sha
FROM plain_commits
LEFT JOIN cherry_picks ON plain_commits.repository = cherry_picks.repository AND plain_commits.sha = cherry_picks.sha
GROUP BY plain_commits.repository, plain_commits.change_sha
HAVING bool_and(cherry_picks.sha IS NOT NULL)
