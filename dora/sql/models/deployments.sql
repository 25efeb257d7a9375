-- One row is one deployment: an attempt with its kind, its content and the deployments that it is compared with. What a
-- stage did (`action`) is a part of an attempt (`part` of rollouts), whose parts fall into classes of which one governs
-- (attempt_rollouts); its outcome is in attempt_outcomes, its change of content in dora/lineage/history.py.
--
-- unique_key = ["deployment_id"]
-- time = "traffic_at"
-- example = "SELECT application, count(*) AS deployments FROM deployments WHERE took_traffic AND kind = 'release' GROUP BY ALL ORDER BY deployments DESC"
-- reason = "Why it failed or was stopped, in the source's words."
-- took_traffic = "Production traffic reached it."
-- succeeded = "It served all traffic."
-- attribution = "How the commit is known: commit, tag, version, restored, or why it is not."
-- content_change = "What changed on its targets: new, back, promotion, forward, template or same."
-- not_everywhere = "A planned target was never started."
-- direction = "Compared with what served before: first, ahead, back, same, diverged or unknown."
-- previous_id = "Deployment that served before."
-- restored_id = "Deployment whose content it restored."
-- blamed_first_id = "First deployment after the one restored."
-- blamed_last_id = "Last deployment before the rollback."
-- prepared_by = "Deployments of dark content, or of a part of the traffic, that it completed."
-- prepared_for_id = "Deployment that gave its content all traffic, where that is another one."
-- joins_id = "Deployment of which it may be a later rollout to another target."
-- rolled_back_at = "When its own execution rolled it back."
-- reverted_in_run_at = "When its own execution had rolled back all of its targets."
-- is_restart = "A user restarted its execution before its last rollout; triggered_by is that user."
-- rollouts = "Number of production targets that it changed."
-- queued_at = "When its execution was queued."
-- earliest_traffic_at = "When it took traffic at the earliest: at first traffic, or at its start if its source does not say."
-- traffic_at = "When it served: full traffic, else first."
-- stable_at = "When it served all traffic, unless its own execution rolled it back; from then on earlier failures have recovered."
WITH
compared_attempts AS (
  SELECT
    attempts.*,
    lineage.repository AS resolved_repository,
    lineage.sha,
    lineage.commit AS stated_commit,
    lineage.attribution,
    lineage.change,
    lineage.direction,
    lineage.previous_id,
    lineage.restored_id,
    lineage.blamed_first_id,
    lineage.blamed_last_id,
    CASE WHEN attempts.traffic_at <= introducing.traffic_at + INTERVAL 7 DAYS THEN lineage.joins_id END AS joins_id,
    hotfixes.deployment_id IS NOT NULL AS matches_hotfix
  FROM attempts
  INNER JOIN lineage ON attempts.deployment_id = lineage.deployment_id
  LEFT JOIN attempts AS introducing ON lineage.joins_id = introducing.deployment_id
  LEFT JOIN hotfixes ON attempts.deployment_id = hotfixes.deployment_id
),
prepared_contents AS (
  SELECT DISTINCT deployment_id, application || '/' || prepared_for || '@' || source AS completed_by_id
  FROM attempt_rollouts
  WHERE prepared_for IS NOT NULL
),
preparations AS (
  SELECT
    prepared_contents.completed_by_id,
    string_agg(attempts.deployment_id, ' ' ORDER BY attempts.started_at, attempts.deployment_id) AS prepared_by
  FROM prepared_contents
  INNER JOIN attempts ON prepared_contents.deployment_id = attempts.deployment_id
  GROUP BY prepared_contents.completed_by_id
)
SELECT
  compared_attempts.deployment_id,
  source,
  application,
  root_id,
  pipeline,
  CASE
    WHEN explicit_kind IS NOT NULL THEN explicit_kind
    WHEN explicit_rollback THEN 'rollback'
    WHEN governing_class = 'config' OR governing_class = 'restart'
      THEN CASE WHEN changes_config THEN 'config' ELSE 'redeploy' END
    WHEN change = 'new' OR change IS NULL THEN CASE WHEN matches_hotfix THEN 'hotfix' ELSE 'release' END
    WHEN change = 'back' THEN 'rollback'
    WHEN change = 'promotion' THEN 'promotion'
    WHEN change = 'forward' THEN 'release'
    WHEN change = 'template' OR changes_config THEN 'config'
    ELSE 'redeploy'
  END AS kind,
  outcome,
  took_traffic,
  succeeded,
  not_everywhere,
  coalesce(resolved_repository, repository) AS repository,
  coalesce(sha, stated_commit) AS commit,
  version,
  attribution,
  change AS content_change,
  direction,
  previous_id,
  restored_id,
  blamed_first_id,
  blamed_last_id,
  preparations.prepared_by,
  compared_attempts.prepared_for_id,
  joins_id,
  rolled_back_at,
  reverted_in_run_at,
  trigger,
  triggered_by,
  is_restart,
  branch,
  rollouts,
  queued_at,
  started_at,
  first_traffic_at,
  coalesce(earliest_traffic.earliest_traffic_at, first_traffic_at) AS earliest_traffic_at,
  full_traffic_at,
  finished_at,
  traffic_at,
  CASE WHEN reverted_in_run_at IS NULL THEN full_traffic_at END AS stable_at,
  reason,
  url
FROM compared_attempts
LEFT JOIN preparations ON compared_attempts.deployment_id = preparations.completed_by_id
LEFT JOIN earliest_traffic ON compared_attempts.deployment_id = earliest_traffic.deployment_id
