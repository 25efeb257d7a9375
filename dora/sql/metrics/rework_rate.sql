-- title     = "Deployment rework rate"
-- question  = "What share of deployments was unplanned (rollbacks, hotfixes, fixes forward)?"
-- unit      = "share"
-- statistic = "share"
-- better    = "lower"
-- subject   = "deployment"
-- by_commit = true
-- dimension = "instability"
-- shaped_by = ["hotfix_branches", "hotfix_labels", "hotfix_pipelines", "hotfix_subjects", "rollback_pipelines", "failure_window_hours"]
-- One row is one deployment that took traffic; 1 where it was unplanned: a rollback, a hotfix, or one that ships a revert
-- within the failure window (W1).
WITH shipped_reverts AS (
  SELECT DISTINCT evidence_id FROM evidence_of_fix_forward WHERE confidence = 'stated'
)
SELECT
  deployments.application,
  coalesce(deployments.traffic_at, deployments.finished_at, deployments.queued_at) AS happened_at,
  deployments.deployment_id AS subject,
  CASE WHEN deployments.kind IN ('rollback', 'hotfix') OR shipped_reverts.evidence_id IS NOT NULL THEN 1.0 ELSE 0.0 END AS value,
  FALSE AS censored,
  CASE WHEN NOT deployments.took_traffic THEN deployments.outcome END AS excluded
FROM deployments
LEFT JOIN shipped_reverts ON deployments.deployment_id = shipped_reverts.evidence_id
