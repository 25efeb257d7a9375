-- One row is one trunk entry of one application: of a repository that it deploys from, within the paths of its
-- definitions, or assigned to it by the source.
WITH
repositories_by_application AS (
  SELECT DISTINCT application, repository
  FROM deployment_contents
  WHERE sha IS NOT NULL
  UNION
  SELECT DISTINCT unnest(applications) AS application, repository
  FROM landing.change
  WHERE on_trunk AND applications IS NOT NULL
),
changed_paths AS (
  SELECT source, id, repository, unnest(paths) AS path FROM trunk_entries WHERE paths IS NOT NULL
),
entries_within_paths AS (
  SELECT DISTINCT changed_paths.source, changed_paths.id, definitions.application
  FROM changed_paths
  INNER JOIN repositories_by_application AS repositories ON changed_paths.repository = repositories.repository
  INNER JOIN definitions ON repositories.application = definitions.application
  WHERE definitions.paths IS NOT NULL AND regexp_full_match(changed_paths.path, definitions.paths)
)
SELECT repositories.application, trunk_entries.*
FROM trunk_entries
INNER JOIN repositories_by_application AS repositories ON trunk_entries.repository = repositories.repository
INNER JOIN definitions ON repositories.application = definitions.application
LEFT JOIN entries_within_paths
  ON trunk_entries.source = entries_within_paths.source
  AND trunk_entries.id = entries_within_paths.id
  AND repositories.application = entries_within_paths.application
WHERE
  (trunk_entries.applications IS NULL OR list_contains(trunk_entries.applications, repositories.application))
  AND (definitions.paths IS NULL OR trunk_entries.paths IS NULL OR entries_within_paths.id IS NOT NULL)
