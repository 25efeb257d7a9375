-- One row is one commit that was picked from a commit that is on no branch. A chain of such picks is in
-- unlisted_pick_chains.
SELECT DISTINCT commit.repository AS scope, commit.sha AS id, commit.picked_from AS earlier_id
FROM landing.commit
LEFT JOIN included_commits
  ON commit.repository = included_commits.repository
  AND commit.picked_from = included_commits.sha
WHERE commit.picked_from <> commit.sha AND included_commits.sha IS NULL
