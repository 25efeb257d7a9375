-- One row is one change and an earlier one that it reverts (depth 1), or of which it reverts the revert (2), and so on:
-- odd depths take it back, even ones apply it again (E2). takes_back: a direct revert of what is no revert itself.
WITH
generations AS (
  SELECT repository, sha, max(generation) AS generation FROM direct_reverts GROUP BY repository, sha
),
chains AS (
  SELECT repository, sha, generation, reverted_sha, 1 AS depth FROM direct_reverts
  UNION
  SELECT
    direct_reverts.repository,
    revert_chains.id,
    generations.generation,
    direct_reverts.reverted_sha,
    revert_chains.depth + 1
  FROM revert_chains
  INNER JOIN generations ON revert_chains.scope = generations.repository AND revert_chains.id = generations.sha
  INNER JOIN direct_reverts
    ON revert_chains.scope = direct_reverts.repository AND revert_chains.earlier_id = direct_reverts.sha
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
