-- One row is one application and one repository in which its deployments may be looked up: its own, those that have a
-- commit which its own lacks, and those whose changes its source assigns to it. is_deployed: it deploys commits of it.
WITH
names AS (
  SELECT DISTINCT application, lower(repository) AS repository, lower(commit) AS commit FROM content_parts
),
repositories AS (
  SELECT DISTINCT repository, lower(repository) AS lowered FROM landing.commit
),
commits AS (
  SELECT DISTINCT repository, commit FROM names WHERE regexp_full_match(commit, '[0-9a-f]{7,40}')
),
own_commits AS (
  SELECT DISTINCT commits.repository, commits.commit, landed.repository AS landed_in
  FROM commits
  INNER JOIN landing.commit AS landed
    ON commits.commit = landed.sha AND commits.repository = lower(landed.repository)
),
missing_commits AS (
  SELECT commits.repository, commits.commit, bool_or(repositories.repository IS NOT NULL) AS is_ingested
  FROM commits
  ANTI JOIN own_commits ON commits.repository = own_commits.repository AND commits.commit = own_commits.commit
  LEFT JOIN repositories ON commits.repository = repositories.lowered
  GROUP BY commits.repository, commits.commit
),
other_commits AS (
  SELECT DISTINCT missing_commits.repository, missing_commits.commit, landed.repository AS landed_in
  FROM missing_commits
  INNER JOIN landing.commit AS landed
    ON left(missing_commits.commit, 7) = left(landed.sha, 7) AND starts_with(landed.sha, missing_commits.commit)
  WHERE
    NOT missing_commits.is_ingested
    OR length(missing_commits.commit) = 40
    OR missing_commits.repository = lower(landed.repository)
),
all_pairs AS (
  SELECT names.application, repositories.repository, FALSE AS is_deployed
  FROM names
  INNER JOIN repositories ON names.repository = repositories.lowered
  UNION
  SELECT names.application, found.landed_in, TRUE
  FROM names
  INNER JOIN (FROM own_commits UNION FROM other_commits) AS found
    ON names.repository IS NOT DISTINCT FROM found.repository AND names.commit = found.commit
  UNION
  SELECT unnest(applications), repository, TRUE FROM landing.change WHERE applications IS NOT NULL
)
SELECT application, repository, bool_or(is_deployed) AS is_deployed
FROM all_pairs
WHERE application IS NOT NULL
GROUP BY application, repository
