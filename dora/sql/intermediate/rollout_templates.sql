-- One row is one rollout with what its pod template is beside the own images, without noise (C3): keys that
-- `template_ignores` names, by their name or by what their value is. Null if nothing is known of it, or if only an
-- image was patched.
WITH
-- Most rollouts of an application have the keys of the one before.
entries AS (
  SELECT application, template_keys, unnest(template_keys) AS entry
  FROM (SELECT DISTINCT application, template_keys FROM landing.rollout WHERE len(template_keys) > 0) AS lists
),
keys AS (
  SELECT
    application,
    template_keys,
    entry,
    regexp_extract(entry, '^[^=]*') AS name,
    'value:' || regexp_extract(entry, '=[0-9a-f]+:([a-z]+)$', 1) AS value_class
  FROM entries
),
ignored_keys AS (
  SELECT DISTINCT distinct_keys.application, distinct_keys.name, distinct_keys.value_class
  FROM (SELECT DISTINCT application, name, value_class FROM keys) AS distinct_keys
  INNER JOIN globs
    ON distinct_keys.application = globs.application
    AND globs.key = 'template_ignores'
    AND (
      distinct_keys.name ILIKE globs.pattern ESCAPE '\'
      OR distinct_keys.value_class ILIKE globs.pattern ESCAPE '\'
    )
),
kept_keys AS (
  SELECT keys.application, keys.template_keys, string_agg(keys.entry, ' ' ORDER BY keys.entry) AS keys
  FROM keys
  ANTI JOIN ignored_keys
    ON keys.application = ignored_keys.application
    AND keys.name = ignored_keys.name
    AND keys.value_class = ignored_keys.value_class
  GROUP BY keys.application, keys.template_keys
),
other_images AS (
  SELECT source, rollout_id, string_agg(image, ' ' ORDER BY image) AS images
  FROM rollout_images
  WHERE NOT is_own
  GROUP BY source, rollout_id
)
SELECT
  rollout.source,
  rollout.id AS rollout_id,
  CASE
    WHEN rollout.template IS NOT NULL OR len(rollout.template_keys) > 0
      THEN md5(concat_ws('|', coalesce(rollout.template, ''), coalesce(kept_keys.keys, ''), other_images.images))
  END AS template
FROM landing.rollout
LEFT JOIN kept_keys
  ON rollout.application = kept_keys.application AND rollout.template_keys = kept_keys.template_keys
LEFT JOIN other_images ON rollout.source = other_images.source AND rollout.id = other_images.rollout_id
