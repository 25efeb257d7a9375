-- One row is one part of what one rollout brings: an own image, a version, or only a commit (C1, C2). Its commit is the
-- one that the image or the manifest names, else that of the first deployment of the same version, else, for what is
-- new or cannot be told apart, that of the execution (G1). A digest has one commit, the first that a deployment of it
-- names: it is the same content under every tag.
--
-- slot = "What a part replaces: the name of its image, empty for a version without images."
WITH
parts AS (
  SELECT
    rollout.source,
    rollout.id AS rollout_id,
    execution.root_id,
    coalesce(rollout.started_at, execution.started_at) AS started_at,
    coalesce(images.name, '') AS slot,
    coalesce(images.image, rollout.version) AS version,
    images.chosen_by,
    CASE
      WHEN images.image IS NOT NULL THEN images.version
      WHEN rollout.version IS NOT NULL THEN rollout.application || ' ' || rollout.version
    END AS identity,
    coalesce(images.repository, execution.repository) AS repository,
    coalesce(contains(images.version, '@'), FALSE) AS has_digest,
    rollout.environment IS NOT NULL AS is_stated,
    coalesce(
      images.commit,
      CASE WHEN count(*) OVER (PARTITION BY rollout.source, rollout.id) = 1 THEN lower(rollout.commit) END
    ) AS own_commit,
    CASE
      WHEN images.repository IS NULL OR execution.repository IS NULL THEN execution.commit
      WHEN lower(images.repository) = lower(execution.repository) THEN execution.commit
    END AS execution_commit
  FROM landing.rollout
  INNER JOIN landing.execution
    ON rollout.source = execution.source
    AND rollout.execution_id = execution.id
    AND rollout.revision = execution.revision
  LEFT JOIN rollout_images AS images
    ON rollout.source = images.source AND rollout.id = images.rollout_id AND images.is_own
  WHERE
    images.image IS NOT NULL
    OR (
      rollout.images IS NULL
      AND (
        rollout.version IS NOT NULL
        OR (rollout.action = 'deploy' AND rollout.template IS NULL AND rollout.template_keys IS NULL)
      )
    )
),
first_deployments AS (
  SELECT
    source,
    identity,
    arg_min(root_id, coalesce(started_at, 'infinity'::TIMESTAMP)) AS root_id,
    arg_min(own_commit, coalesce(started_at, 'infinity'::TIMESTAMP))
      FILTER (WHERE has_digest AND own_commit IS NOT NULL) AS digest_commit,
    arg_min(execution_commit, coalesce(started_at, 'infinity'::TIMESTAMP)) FILTER (WHERE is_stated) AS stated_commit
  FROM parts
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
    WHEN parts.is_stated AND parts.execution_commit IS NOT NULL THEN 'commit'
    WHEN version_commits.root_id = parts.root_id AND NOT parts.is_stated THEN 'commit'
    WHEN parts.execution_commit = version_commits.commit THEN 'commit'
    WHEN version_commits.root_id IS NOT NULL THEN 'version'
    ELSE 'commit'
  END AS origin
FROM parts
LEFT JOIN version_commits ON parts.source = version_commits.source AND parts.identity = version_commits.identity
