-- A commit is searched in its own repository; in others only if its own is not ingested or not known, or if it is given
-- in full and so cannot be another one.
WITH missing_commits AS (
  SELECT DISTINCT parts.repository, parts.commit,
    parts.repository IN (SELECT lower(repository) FROM lineage_node) AS ingested
  FROM (SELECT DISTINCT lower(repository) AS repository, lower(commit) AS commit FROM content_parts) parts
  ANTI JOIN lineage_exact USING (repository, commit)
  WHERE regexp_full_match(parts.commit, '[0-9a-f]{7,40}')),
matches AS (
  SELECT missing_commits.repository, missing_commits.commit, node.rowid AS node, node.sha,
    coalesce(missing_commits.repository = lower(node.repository), false) AS own,
    own OR missing_commits.ingested IS NOT TRUE OR length(missing_commits.commit) = 40 AS fits
  FROM missing_commits JOIN lineage_node node
    ON left(node.sha, 7) = left(missing_commits.commit, 7) AND starts_with(node.sha, missing_commits.commit))
SELECT repository, commit, count(DISTINCT sha) AS candidates, min(node) AS node
FROM matches WHERE fits
  AND (own OR NOT EXISTS (
    FROM matches other
    WHERE other.own AND other.commit = matches.commit AND other.repository = matches.repository))
GROUP BY repository, commit
