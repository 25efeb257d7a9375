-- One row is one commit that cherry-picks a change of another branch, with the commit at the root of its chain of
-- picks. A commit picked back onto the branch that it came from is new there: it came again after a revert. If the
-- picked commit is on no branch (a fix on a branch that is not configured, an entry of a rewritten trunk), the pick
-- is its original.
WITH RECURSIVE
copied_commits AS (
  SELECT commit.repository, commit.sha, min(commit.picked_from) AS origin
  FROM landing.commit
  INNER JOIN included_commits
    ON commit.repository = included_commits.repository
    AND commit.picked_from = included_commits.sha
  WHERE commit.picked_from <> commit.sha
  GROUP BY commit.repository, commit.sha
),
pick_chains AS (
  SELECT repository, sha, origin FROM copied_commits
  UNION
  SELECT pick_chains.repository, pick_chains.sha, copied_commits.origin
  FROM pick_chains
  INNER JOIN copied_commits
    ON pick_chains.repository = copied_commits.repository
    AND pick_chains.origin = copied_commits.sha
),
picks_of_unlisted_commits AS (
  SELECT commit.repository, commit.sha, commit.picked_from
  FROM landing.commit
  LEFT JOIN included_commits
    ON commit.repository = included_commits.repository
    AND commit.picked_from = included_commits.sha
  WHERE commit.picked_from <> commit.sha AND included_commits.sha IS NULL
),
origins_of_unlisted_commits AS (
  SELECT
    picks_of_unlisted_commits.repository,
    picks_of_unlisted_commits.picked_from AS sha,
    picks_of_unlisted_commits.sha AS origin
  FROM picks_of_unlisted_commits
  INNER JOIN included_commits
    ON picks_of_unlisted_commits.repository = included_commits.repository
    AND picks_of_unlisted_commits.sha = included_commits.sha
  UNION
  SELECT
    origins_of_unlisted_commits.repository,
    picks_of_unlisted_commits.picked_from AS sha,
    origins_of_unlisted_commits.origin
  FROM origins_of_unlisted_commits
  INNER JOIN picks_of_unlisted_commits
    ON origins_of_unlisted_commits.repository = picks_of_unlisted_commits.repository
    AND origins_of_unlisted_commits.sha = picks_of_unlisted_commits.sha
),
chain_members AS (
  SELECT repository, sha FROM pick_chains
  UNION
  SELECT repository, origin FROM pick_chains
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
SELECT pick_chains.repository, pick_chains.sha, pick_chains.origin, origin_branches.change_sha
FROM pick_chains
LEFT JOIN copied_commits AS longer_chains
  ON pick_chains.repository = longer_chains.repository
  AND pick_chains.origin = longer_chains.sha
INNER JOIN commit_branches AS origin_branches
  ON pick_chains.repository = origin_branches.repository
  AND pick_chains.origin = origin_branches.sha
LEFT JOIN commit_branches AS own_branches
  ON pick_chains.repository = own_branches.repository
  AND pick_chains.sha = own_branches.sha
WHERE longer_chains.sha IS NULL AND (own_branches.sha IS NULL OR own_branches.branch <> origin_branches.branch)
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
