-- One row is one change that does nothing but revert.
SELECT included_commits.repository, included_commits.change_sha AS sha
FROM included_commits
SEMI JOIN revert_references
  ON included_commits.repository = revert_references.repository
  AND included_commits.change_sha = revert_references.change_sha
INNER JOIN landing.commit ON included_commits.repository = commit.repository AND included_commits.sha = commit.sha
GROUP BY included_commits.repository, included_commits.change_sha
HAVING
  bool_or(commit.is_revert AND commit.sha = included_commits.change_sha)
  OR bool_and(coalesce(commit.is_revert, len(commit.parents) > 1))
