-- One row is one attempt whose content is known: the versions of its rollouts, and their manifests.
WITH
distinct_versions AS (
  SELECT DISTINCT source, application, root_id, version
  FROM effective_rollouts
  WHERE governs AND version IS NOT NULL
),
versions AS (
  SELECT source, application, root_id, string_agg(version, ' ' ORDER BY version) AS version
  FROM distinct_versions
  GROUP BY source, application, root_id
),
distinct_manifests AS (
  SELECT DISTINCT source, application, root_id, account, location, cluster, manifest
  FROM effective_rollouts
  WHERE governs AND manifest IS NOT NULL
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
  coalesce(versions.source, manifests.source) AS source,
  coalesce(versions.application, manifests.application) AS application,
  coalesce(versions.root_id, manifests.root_id) AS root_id,
  versions.version,
  manifests.manifest
FROM versions
FULL JOIN manifests
  ON versions.source = manifests.source
  AND versions.application = manifests.application
  AND versions.root_id = manifests.root_id
