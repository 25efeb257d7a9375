-- One row is one attempt of which it is known what it deployed: the versions of its rollouts, and their manifests.
WITH
distinct_versions AS (
  SELECT DISTINCT source, application, root_id, version
  FROM effective_rollouts
  WHERE precedence = chief AND version IS NOT NULL
),
versions AS (
  SELECT source, application, root_id, string_agg(version, ' ' ORDER BY version) AS version
  FROM distinct_versions
  GROUP BY source, application, root_id
),
distinct_manifests AS (
  SELECT DISTINCT source, application, root_id, account, location, cluster, manifest
  FROM effective_rollouts
  WHERE precedence = chief AND manifest IS NOT NULL
),
manifests AS (
  SELECT
    source,
    application,
    root_id,
    string_agg(manifest, ' ' ORDER BY account, location, cluster, manifest) AS manifest
  FROM distinct_manifests
  GROUP BY source, application, root_id
)
SELECT
  coalesce(v.source, m.source) AS source,
  coalesce(v.application, m.application) AS application,
  coalesce(v.root_id, m.root_id) AS root_id,
  v.version,
  m.manifest
FROM versions AS v
FULL JOIN manifests AS m ON v.source = m.source AND v.application = m.application AND v.root_id = m.root_id
