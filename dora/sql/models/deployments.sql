-- One row is one deployment: an attempt with its kind, its content and the deployments that it is compared with.
--
-- took_traffic = "Production traffic reached it."
-- succeeded = "It served all traffic."
-- attribution = "How the commit is known: commit, version, restored, or why it is not."
-- direction = "Compared with what served before: first, ahead, back, same, diverged or unknown."
-- previous_id = "Deployment that served before."
-- restored_id = "Deployment whose content it restored."
-- blamed_first_id = "First deployment after the one restored."
-- blamed_last_id = "Last deployment before the rollback."
-- rolled_back_at = "When its own execution rolled it back."
-- reverted_in_run_at = "When its own execution had rolled back all of its targets."
-- rollouts = "Number of production targets that it changed."
-- queued_at = "When its execution was queued."
-- traffic_at = "When it served: full traffic, else first."
-- stable_at = "When it served all traffic, unless its own execution rolled it back; from then on earlier failures have recovered."
WITH
compared_attempts AS (
  SELECT
    attempts.*,
    lineage.repository AS resolved_repository,
    lineage.sha,
    lineage.attribution,
    lineage.direction,
    lineage.previous_id,
    lineage.restored_id,
    lineage.blamed_first_id,
    lineage.blamed_last_id,
    coalesce(previous.succeeded AND attempts.version = previous.version, FALSE) AS same_version,
    coalesce(attempts.manifest <> replaced.manifest, FALSE) AS other_manifest,
    hotfixes.deployment_id IS NOT NULL AS matches_hotfix
  FROM attempts
  INNER JOIN lineage ON attempts.deployment_id = lineage.deployment_id
  LEFT JOIN attempts AS previous ON lineage.previous_id = previous.deployment_id
  LEFT JOIN attempts AS replaced ON lineage.replaced_id = replaced.deployment_id
  LEFT JOIN hotfixes ON attempts.deployment_id = hotfixes.deployment_id
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
    WHEN
      same_version
      AND direction IS DISTINCT FROM 'ahead' THEN CASE WHEN other_manifest
      THEN 'config' ELSE 'redeploy' END
    WHEN same_version AND other_manifest THEN 'config'
    WHEN direction = 'back' THEN 'rollback'
    WHEN direction IN ('diverged', 'unknown') AND restored_id IS NOT NULL THEN 'rollback'
    WHEN direction IN ('first', 'unknown') AND restores IS NOT NULL THEN 'redeploy'
    WHEN direction = 'same' THEN CASE WHEN other_manifest THEN 'config' ELSE 'redeploy' END
    WHEN matches_hotfix THEN 'hotfix'
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
FROM compared_attempts
