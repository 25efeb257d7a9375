-- One row is one commit that was picked from a commit of a branch, of which one counts. A chain of such picks is in
-- pick_chains.
SELECT commit.repository AS scope, commit.sha AS id, min(commit.picked_from) AS earlier_id
FROM landing.commit
INNER JOIN included_commits
  ON commit.repository = included_commits.repository
  AND commit.picked_from = included_commits.sha
WHERE commit.picked_from <> commit.sha
GROUP BY commit.repository, commit.sha
