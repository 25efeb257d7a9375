-- One row is one part of what one rollout brings, with what it says of its commit (G1): own_commit is in the image or the
-- manifest, execution_commit that of the execution, if it is of the part's repository. version_name is what a tag of the
-- repository may be called after.
SELECT
  rollout.source,
  rollout.id AS rollout_id,
  execution.root_id,
  coalesce(rollout.started_at, execution.started_at) AS started_at,
  coalesce(images.name, '') AS slot,
  coalesce(images.image, rollout.version) AS version,
  images.chosen_by,
  rollout.application,
  lower(coalesce(regexp_extract(images.name, '[^/]*$'), rollout.application)) AS repository_name,
  coalesce(
    images.tag, nullif(regexp_extract(rollout.version, '^[^@]*:([^/:@]+)(?:@|$)', 1), ''), rollout.version
  ) AS version_name,
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
