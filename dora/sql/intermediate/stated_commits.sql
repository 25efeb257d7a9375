-- One row is one part of a rollout whose version names a commit of a repository (G1, G2): by a tag, as the definitions
-- say what tags are called, or by an abbreviated id. A tag counts if its commit is not later than the deployment. Tags
-- that name several commits name none; then no other source of the commit counts either.
WITH
parts AS (
  SELECT * FROM deployed_parts WHERE own_commit IS NULL AND version_name IS NOT NULL
),
tag_versions AS (
  SELECT
    patterns.pattern,
    tag.repository,
    tag.sha,
    commit.committed_at,
    CASE
      WHEN patterns.expression IS NOT NULL THEN regexp_extract(tag.name, '^(?:' || patterns.expression || ')$', 1)
      WHEN starts_with(tag.name, patterns.prefix) AND ends_with(tag.name, patterns.suffix)
        THEN substr(
            tag.name, length(patterns.prefix) + 1, length(tag.name) - length(patterns.prefix) - length(patterns.suffix)
          )
    END AS version_name
  FROM (SELECT DISTINCT pattern, prefix, suffix, expression FROM tag_patterns) AS patterns
  CROSS JOIN landing.tag
  INNER JOIN landing.commit ON tag.repository = commit.repository AND tag.sha = commit.sha
),
abbreviations AS (
  SELECT DISTINCT
    version_name,
    regexp_extract(lower(version_name), '(?:^|[^0-9a-z])g?([0-9a-f]{7,39})(?:$|[^0-9a-z])', 1) AS prefix
  FROM parts
),
abbreviated_commits AS (
  SELECT abbreviations.version_name, commit.repository, commit.sha
  FROM abbreviations
  INNER JOIN landing.commit
    ON left(abbreviations.prefix, 7) = left(commit.sha, 7) AND starts_with(commit.sha, abbreviations.prefix)
  -- Only a mix counts: a part of digits alone numbers builds, one of letters alone is a word.
  WHERE regexp_matches(abbreviations.prefix, '[a-f]') AND regexp_matches(abbreviations.prefix, '[0-9]')
),
matches AS (
  SELECT
    parts.source,
    parts.rollout_id,
    parts.slot,
    tag_versions.repository,
    tag_versions.sha,
    'tag' AS origin,
    CASE WHEN lower(tag_versions.repository) = lower(parts.repository) THEN 1 ELSE 2 END AS rank
  FROM parts
  INNER JOIN tag_patterns ON parts.application = tag_patterns.application
  INNER JOIN tag_versions
    ON tag_patterns.pattern = tag_versions.pattern AND parts.version_name = tag_versions.version_name
  WHERE
    coalesce(tag_versions.committed_at <= parts.started_at, TRUE)
    AND (
      lower(tag_versions.repository) = lower(parts.repository)
      OR regexp_extract(lower(tag_versions.repository), '[^/]*$') = parts.repository_name
    )
  UNION ALL
  SELECT
    parts.source,
    parts.rollout_id,
    parts.slot,
    commits.repository,
    commits.sha,
    'commit' AS origin,
    CASE WHEN lower(commits.repository) = lower(parts.repository) THEN 3 ELSE 4 END AS rank
  FROM parts
  INNER JOIN abbreviated_commits AS commits ON parts.version_name = commits.version_name
  WHERE
    parts.repository IS NULL
    OR lower(commits.repository) = lower(parts.repository)
    OR regexp_extract(lower(commits.repository), '[^/]*$') = parts.repository_name
),
best_matches AS (
  SELECT *, min(rank) OVER (PARTITION BY source, rollout_id, slot) AS best_rank FROM matches
)
SELECT
  source,
  rollout_id,
  slot,
  CASE WHEN count(DISTINCT sha) = 1 THEN min(repository) END AS repository,
  CASE WHEN count(DISTINCT sha) = 1 THEN min(sha) END AS commit,
  CASE WHEN count(DISTINCT sha) = 1 THEN min(origin) ELSE 'ambiguous' END AS origin
FROM best_matches
WHERE rank = best_rank
GROUP BY source, rollout_id, slot
HAVING count(DISTINCT sha) = 1 OR min(rank) < 3
