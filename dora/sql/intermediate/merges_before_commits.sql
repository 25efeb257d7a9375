-- One row is one change whose merge is older than a commit that it merged: one of the two clocks is wrong. Clocks of
-- two machines may differ by five minutes.
SELECT DISTINCT included_commits.repository, included_commits.change_sha AS sha
FROM included_commits
INNER JOIN landing.commit ON included_commits.repository = commit.repository AND included_commits.sha = commit.sha
INNER JOIN landing.commit AS merge
  ON included_commits.repository = merge.repository AND included_commits.change_sha = merge.sha
WHERE
  included_commits.sha <> included_commits.change_sha
  AND commit.committed_at > merge.committed_at + INTERVAL 5 MINUTES
