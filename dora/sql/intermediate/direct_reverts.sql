-- One row is one change and an earlier one that it says it reverts. Of the changes that a name means the latest before it
-- counts; what reverts a commit of its own request reverts nothing.
WITH
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
)
SELECT DISTINCT resolved.repository, resolved.change_sha AS sha, resolved.generation, resolved.reverted_sha
FROM resolved
ANTI JOIN resolved AS own_reverts
  ON resolved.repository = own_reverts.repository
  AND resolved.change_sha = own_reverts.change_sha
  AND resolved.sha = own_reverts.reverted_commit
WHERE resolved.change_sha <> resolved.reverted_sha
