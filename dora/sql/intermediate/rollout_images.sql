-- One row is one image that one rollout runs, and whether it is the application's own (C2): called like the
-- application, its workload or a repository that this workload was ever deployed from, or named by the definition
-- `images`; where none is, the first container.
-- An image called like a repository is of that one, whichever repository triggered its execution (G1).
-- version is null where nothing tells one content of the image from another (C6). An image with a digest is the same
-- whatever its tag: image leaves that out, but a commit in it counts (G1).
WITH
positions AS (
  SELECT
    rollout.source,
    rollout.id AS rollout_id,
    rollout.application,
    rollout.cluster,
    execution.repository,
    regexp_extract(lower(execution.repository), '[^/]*$') AS repository_name,
    rollout.images,
    unnest(generate_series(1, len(rollout.images))) AS position
  FROM landing.rollout
  INNER JOIN landing.execution
    ON rollout.source = execution.source
    AND rollout.execution_id = execution.id
    AND rollout.revision = execution.revision
  WHERE len(rollout.images) > 0
),
images AS (
  SELECT
    source,
    rollout_id,
    application,
    cluster,
    repository,
    repository_name,
    list_extract(images, position) AS image,
    position
  FROM positions
),
workload_repositories AS (
  SELECT source, application, lower(cluster) AS cluster, repository_name, min(repository) AS repository
  FROM images
  WHERE repository_name IS NOT NULL
  GROUP BY source, application, lower(cluster), repository_name
),
image_parts AS (
  SELECT DISTINCT
    image,
    regexp_replace(image, '(:[^/:@]*)?(@.*)?$', '') AS name,
    regexp_extract(image, '@(.+)$', 1) AS digest,
    regexp_extract(image, '^[^@]*:([^/:@]+)(?:@|$)', 1) AS tag
  FROM images
),
tags AS (
  SELECT
    distinct_tags.application,
    distinct_tags.image,
    bool_or(globs.pattern IS NOT NULL) AS is_mutable
  FROM (
    SELECT DISTINCT images.application, images.image, image_parts.tag
    FROM images
    INNER JOIN image_parts ON images.image = image_parts.image
    WHERE image_parts.digest = ''
  ) AS distinct_tags
  LEFT JOIN globs
    ON distinct_tags.application = globs.application
    AND globs.key = 'mutable_tags'
    AND (distinct_tags.tag = '' OR distinct_tags.tag ILIKE globs.pattern ESCAPE '\')
  GROUP BY distinct_tags.application, distinct_tags.image
),
names AS (
  SELECT
    distinct_names.application,
    distinct_names.name,
    min(image_repositories.repository) AS repository
  FROM (
    SELECT DISTINCT images.application, image_parts.name
    FROM images
    INNER JOIN image_parts ON images.image = image_parts.image
  ) AS distinct_names
  INNER JOIN image_repositories
    ON distinct_names.application = image_repositories.application
    AND (
      distinct_names.name ILIKE image_repositories.pattern ESCAPE '\'
      OR regexp_extract(distinct_names.name, '[^/]*$') ILIKE image_repositories.pattern ESCAPE '\'
    )
  GROUP BY distinct_names.application, distinct_names.name
),
matches AS (
  SELECT
    images.source,
    images.rollout_id,
    images.position,
    images.image,
    image_parts.name,
    nullif(image_parts.digest, '') AS digest,
    nullif(image_parts.tag, '') AS tag,
    coalesce(tags.is_mutable, FALSE) AS is_mutable,
    names.repository AS defined_repository,
    CASE
      WHEN images.repository_name = workload_repositories.repository_name THEN images.repository
      ELSE workload_repositories.repository
    END AS namesake_repository,
    names.repository IS NOT NULL
    OR regexp_extract(lower(image_parts.name), '[^/]*$') IN (lower(images.application), lower(images.cluster))
    OR workload_repositories.repository_name IS NOT NULL AS has_own_name
  FROM images
  INNER JOIN image_parts ON images.image = image_parts.image
  LEFT JOIN tags ON images.application = tags.application AND images.image = tags.image
  LEFT JOIN names ON images.application = names.application AND image_parts.name = names.name
  LEFT JOIN workload_repositories
    ON images.source = workload_repositories.source
    AND images.application = workload_repositories.application
    AND lower(images.cluster) IS NOT DISTINCT FROM workload_repositories.cluster
    AND regexp_extract(lower(image_parts.name), '[^/]*$') = workload_repositories.repository_name
),
own_names AS (
  SELECT source, rollout_id, bool_or(has_own_name) AS some_own_name FROM matches GROUP BY source, rollout_id
)
SELECT
  matches.source,
  matches.rollout_id,
  matches.position,
  CASE WHEN matches.digest IS NOT NULL THEN matches.name || '@' || matches.digest ELSE matches.image END AS image,
  matches.name,
  coalesce(matches.defined_repository, matches.namesake_repository) AS repository,
  matches.tag,
  CASE
    WHEN matches.digest IS NOT NULL THEN matches.name || '@' || matches.digest
    WHEN NOT matches.is_mutable THEN matches.name || ':' || matches.tag
  END AS version,
  nullif(regexp_extract(lower(matches.tag), '(?:^|[^0-9a-f])([0-9a-f]{40})(?:[^0-9a-f]|$)', 1), '') AS commit,
  coalesce(matches.has_own_name, FALSE) OR (NOT coalesce(own_names.some_own_name, FALSE) AND matches.position = 1) AS is_own,
  CASE
    WHEN matches.defined_repository IS NOT NULL THEN 'definition'
    WHEN matches.has_own_name THEN 'name'
    ELSE 'first container'
  END AS chosen_by
FROM matches
INNER JOIN own_names ON matches.source = own_names.source AND matches.rollout_id = own_names.rollout_id
