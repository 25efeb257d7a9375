-- One row is one commit that cherry-picks a change of another branch, with the commit at the root of its chain of
-- picks. A commit picked back onto the branch that it came from is new there: it came again after a revert. If the
-- picked commit is on no branch (a fix on a branch that is not configured, an entry of a rewritten trunk), the pick
-- is its original.
WITH
picks AS (
  SELECT DISTINCT scope AS repository, id AS sha, earlier_id AS origin FROM pick_chains
),
origins_of_unlisted_commits AS (
  SELECT DISTINCT chains.scope AS repository, chains.earlier_id AS sha, chains.id AS origin
  FROM unlisted_pick_chains AS chains
  INNER JOIN included_commits ON chains.scope = included_commits.repository AND chains.id = included_commits.sha
),
chain_members AS (
  SELECT repository, sha FROM picks
  UNION
  SELECT repository, origin FROM picks
  UNION
  SELECT repository, origin FROM origins_of_unlisted_commits
),
commit_branches AS (
  SELECT included_commits.repository, included_commits.sha, included_commits.change_sha, min(change.branch) AS branch
  FROM chain_members
  INNER JOIN included_commits
    ON chain_members.repository = included_commits.repository
    AND chain_members.sha = included_commits.sha
  INNER JOIN landing.change
    ON included_commits.repository = change.repository
    AND included_commits.change_sha = change.sha
  WHERE change.on_trunk
  GROUP BY included_commits.repository, included_commits.sha, included_commits.change_sha
)
SELECT picks.repository, picks.sha, picks.origin, origin_branches.change_sha
FROM picks
LEFT JOIN pick_links AS longer_chains
  ON picks.repository = longer_chains.scope
  AND picks.origin = longer_chains.id
INNER JOIN commit_branches AS origin_branches
  ON picks.repository = origin_branches.repository
  AND picks.origin = origin_branches.sha
LEFT JOIN commit_branches AS own_branches
  ON picks.repository = own_branches.repository
  AND picks.sha = own_branches.sha
WHERE longer_chains.id IS NULL AND (own_branches.sha IS NULL OR own_branches.branch <> origin_branches.branch)
UNION
SELECT
  origins_of_unlisted_commits.repository,
  origins_of_unlisted_commits.sha,
  origins_of_unlisted_commits.origin,
  commit_branches.change_sha
FROM origins_of_unlisted_commits
INNER JOIN commit_branches
  ON origins_of_unlisted_commits.repository = commit_branches.repository
  AND origins_of_unlisted_commits.origin = commit_branches.sha
