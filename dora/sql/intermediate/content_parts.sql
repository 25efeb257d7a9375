-- One row is one part of what one rollout brings: an own image, a version, or only a commit (C1, C2). Its commit is the
-- one that the image, the manifest or the file names, else that of the first deployment of the same version, else the
-- one that a tag of the repository or an abbreviated id in the version names, else, for what is new or unknown
-- apart, that of the execution (G1). A digest has one commit, the first that a deployment of it names: it is the same
-- content under every tag.
--
-- slot = "What a part replaces: the name of its image, empty for a version without images."
WITH
parts AS (
  SELECT
    deployed_parts.* EXCLUDE (repository, execution_commit),
    CASE WHEN names.origin IS NULL THEN deployed_parts.execution_commit ELSE names.commit END AS execution_commit,
    coalesce(names.repository, deployed_parts.repository) AS repository,
    coalesce(names.origin, 'commit') AS execution_origin
  FROM deployed_parts
  LEFT JOIN stated_commits AS names
    ON deployed_parts.source = names.source
    AND deployed_parts.rollout_id = names.rollout_id
    AND deployed_parts.slot = names.slot
    AND NOT (deployed_parts.is_stated AND deployed_parts.execution_commit IS NOT NULL)
),
first_deployments AS (
  SELECT
    source,
    identity,
    arg_min(root_id, began_at) AS root_id,
    arg_min(CASE WHEN has_digest THEN own_commit END, began_at) AS digest_commit,
    arg_min(CASE WHEN is_stated THEN execution_commit END, began_at) AS stated_commit
  FROM (SELECT *, coalesce(started_at, TIMESTAMP '2200-01-01') AS began_at FROM parts) AS dated_parts
  WHERE identity IS NOT NULL
  GROUP BY source, identity
),
version_commits AS (
  SELECT
    parts.source,
    parts.identity,
    first_deployments.root_id,
    first_deployments.digest_commit,
    coalesce(max(parts.own_commit), max(parts.execution_commit), first_deployments.stated_commit) AS commit
  FROM parts
  INNER JOIN first_deployments
    ON parts.source = first_deployments.source
    AND parts.identity = first_deployments.identity
    AND parts.root_id = first_deployments.root_id
  GROUP BY
    parts.source,
    parts.identity,
    first_deployments.root_id,
    first_deployments.digest_commit,
    first_deployments.stated_commit
)
SELECT
  parts.source,
  parts.rollout_id,
  parts.application,
  parts.slot,
  parts.version,
  parts.chosen_by,
  parts.identity,
  parts.repository,
  CASE
    WHEN version_commits.digest_commit IS NOT NULL THEN version_commits.digest_commit
    WHEN parts.own_commit IS NOT NULL THEN parts.own_commit
    WHEN parts.is_stated THEN coalesce(parts.execution_commit, version_commits.commit)
    WHEN version_commits.root_id = parts.root_id THEN coalesce(parts.execution_commit, version_commits.commit)
    WHEN version_commits.root_id IS NOT NULL THEN version_commits.commit
    ELSE parts.execution_commit
  END AS commit,
  CASE
    WHEN version_commits.digest_commit <> coalesce(parts.own_commit, '') THEN 'version'
    WHEN parts.own_commit IS NOT NULL THEN 'commit'
    WHEN parts.is_stated AND parts.execution_commit IS NOT NULL THEN parts.execution_origin
    WHEN version_commits.root_id = parts.root_id AND NOT parts.is_stated THEN parts.execution_origin
    WHEN parts.execution_commit = version_commits.commit THEN parts.execution_origin
    WHEN version_commits.commit IS NOT NULL OR parts.execution_origin = 'commit' THEN 'version'
    ELSE parts.execution_origin
  END AS origin
FROM parts
LEFT JOIN version_commits ON parts.source = version_commits.source AND parts.identity = version_commits.identity
