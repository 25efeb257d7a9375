-- One row is one change and an earlier one that it reverts (depth 1), or of which it reverts the revert (2), and so on:
-- odd depths take it back, even ones apply it again (E2). takes_back: a direct revert of what is no revert itself. Of
-- the changes that a name means the latest before it counts; what reverts a commit of its own request reverts nothing.
WITH RECURSIVE
ranked AS (
  SELECT
    revert_references.repository,
    revert_references.sha,
    revert_references.change_sha,
    revert_references.generation,
    commit_names.sha AS reverted_commit,
    commit_names.change_sha AS reverted_sha,
    rank() OVER (PARTITION BY revert_references.repository, revert_references.sha ORDER BY precedence) AS precedence,
    row_number() OVER (
      PARTITION BY
        revert_references.repository,
        revert_references.sha,
        revert_references.reference_kind,
        revert_references.name
      ORDER BY
        revert_references.branch IS NOT DISTINCT FROM commit_names.branch DESC,
        commit_names.generation DESC,
        commit_names.sha
    ) AS place
  FROM revert_references
  INNER JOIN commit_names
    ON revert_references.repository = commit_names.repository
    AND revert_references.reference_kind = commit_names.reference_kind
    AND revert_references.name = commit_names.name
  WHERE
    (revert_references.branch IS DISTINCT FROM commit_names.branch AND revert_references.reference_kind <> 'number')
    OR commit_names.generation < revert_references.generation
    OR (revert_references.reference_kind = 'commit' AND commit_names.change_sha = revert_references.change_sha)
),
resolved AS (
  SELECT * FROM ranked WHERE precedence = 1 AND place = 1
),
direct AS (
  SELECT DISTINCT resolved.repository, resolved.change_sha AS sha, resolved.generation, resolved.reverted_sha
  FROM resolved
  ANTI JOIN resolved AS own_reverts
    ON resolved.repository = own_reverts.repository
    AND resolved.change_sha = own_reverts.change_sha
    AND resolved.sha = own_reverts.reverted_commit
  WHERE resolved.change_sha <> resolved.reverted_sha
),
-- Changes that do nothing but revert.
pure_reverts AS (
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
),
chains AS (
  SELECT repository, sha, generation, reverted_sha, 1 AS depth FROM direct
  UNION
  SELECT chains.repository, direct.sha, direct.generation, chains.reverted_sha, chains.depth + 1
  FROM chains
  INNER JOIN direct ON chains.repository = direct.repository AND chains.sha = direct.reverted_sha
  INNER JOIN pure_reverts ON chains.repository = pure_reverts.repository AND chains.sha = pure_reverts.sha
  -- Two branches whose reverts name each other would have no end.
  WHERE chains.depth < 20
),
reapplications AS (
  SELECT DISTINCT chains.repository, chains.sha
  FROM chains
  ANTI JOIN pure_reverts ON chains.repository = pure_reverts.repository AND chains.reverted_sha = pure_reverts.sha
  WHERE chains.depth % 2 = 0
)
SELECT
  chains.*,
  chains.depth = 1 AND (pure_reverts.sha IS NULL OR reapplications.sha IS NOT NULL) AS takes_back
FROM chains
LEFT JOIN pure_reverts ON chains.repository = pure_reverts.repository AND chains.reverted_sha = pure_reverts.sha
LEFT JOIN reapplications ON chains.repository = reapplications.repository AND chains.reverted_sha = reapplications.sha
