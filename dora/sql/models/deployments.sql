-- One row is one deployment: an attempt with its kind, what it carried and what it followed.
WITH
labelled AS (
  SELECT repository, sha, unnest(labels) AS label FROM change_requests
),
hotfixes AS (
  SELECT c.shipped_by AS deployment_id
  FROM changes AS c
  INNER JOIN globs AS g
    ON c.application = g.application AND g.key = 'hotfix_subjects' AND c.subject ILIKE g.pattern ESCAPE '\'
  WHERE NOT c.baseline
  UNION
  SELECT c.shipped_by
  FROM labelled AS l
  INNER JOIN changes AS c ON l.repository = c.repository AND l.sha = c.sha
  INNER JOIN globs AS g
    ON c.application = g.application AND g.key = 'hotfix_labels' AND l.label ILIKE g.pattern ESCAPE '\'
  WHERE NOT c.baseline
  UNION
  SELECT a.deployment_id
  FROM attempts AS a
  INNER JOIN globs AS g
    ON a.application = g.application AND g.key = 'hotfix_branches' AND a.branch ILIKE g.pattern ESCAPE '\'
  UNION
  SELECT a.deployment_id
  FROM attempts AS a
  INNER JOIN globs AS g
    ON a.application = g.application AND g.key = 'hotfix_pipelines' AND a.pipeline ILIKE g.pattern ESCAPE '\'
),
compared AS (
  SELECT
    a.*,
    l.repository AS resolved_repository,
    l.sha,
    l.attribution,
    l.direction,
    l.previous_id,
    l.restored_id,
    l.blamed_first_id,
    l.blamed_last_id,
    coalesce(p.succeeded AND a.version = p.version, FALSE) AS same_version,
    coalesce(a.manifest <> r.manifest, FALSE) AS other_manifest,
    h.deployment_id IS NOT NULL AS by_hotfix_rule
  FROM attempts AS a
  INNER JOIN lineage AS l ON a.deployment_id = l.deployment_id
  LEFT JOIN attempts AS p ON l.previous_id = p.deployment_id
  LEFT JOIN attempts AS r ON l.replaced_id = r.deployment_id
  LEFT JOIN hotfixes AS h ON a.deployment_id = h.deployment_id
)
SELECT
  deployment_id,
  source,
  application,
  root_id,
  pipeline,
  CASE
    WHEN explicit_kind IS NOT NULL THEN explicit_kind
    WHEN explicit_rollback THEN 'rollback'
    WHEN NOT alters THEN 'redeploy'
    WHEN same_version AND direction IS DISTINCT FROM 'ahead' THEN CASE WHEN other_manifest THEN 'config' ELSE 'redeploy' END
    WHEN same_version AND other_manifest THEN 'config'
    WHEN direction = 'back' THEN 'rollback'
    WHEN direction IN ('diverged', 'unknown') AND restored_id IS NOT NULL THEN 'rollback'
    WHEN direction IN ('first', 'unknown') AND restores IS NOT NULL THEN 'redeploy'
    WHEN direction = 'same' THEN CASE WHEN other_manifest THEN 'config' ELSE 'redeploy' END
    WHEN by_hotfix_rule THEN 'hotfix'
    ELSE 'release'
  END AS kind,
  outcome,
  took_traffic,
  succeeded,
  coalesce(resolved_repository, repository) AS repository,
  coalesce(sha, commit) AS commit,
  version,
  attribution,
  direction,
  previous_id,
  restored_id,
  blamed_first_id,
  blamed_last_id,
  rolled_back_at,
  reverted_in_run_at,
  trigger,
  triggered_by,
  branch,
  rollouts,
  queued_at,
  started_at,
  first_traffic_at,
  full_traffic_at,
  finished_at,
  traffic_at,
  CASE WHEN reverted_in_run_at IS NULL THEN full_traffic_at END AS stable_at,
  reason,
  url
FROM compared
