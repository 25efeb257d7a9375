-- title     = "Deployment rework rate"
-- question  = "What share of deployments was unplanned (rollbacks, hotfixes, fixes forward)?"
-- unit      = "share"
-- statistic = "share"
-- better    = "lower"
-- subject   = "deployment"
-- dimension = "instability"
-- shaped_by = ["hotfix_branches", "hotfix_labels", "hotfix_pipelines", "hotfix_subjects", "rollback_pipelines", "failure_window_hours"]
-- One row is one deployment that took traffic; 1 where it was unplanned.
WITH fixes AS (
  SELECT DISTINCT evidence_id FROM failures WHERE evidence = 'fix_forward'
)
SELECT
  deployments.application,
  coalesce(deployments.traffic_at, deployments.finished_at, deployments.queued_at) AS happened_at,
  deployments.deployment_id AS subject,
  CASE WHEN deployments.kind IN ('rollback', 'hotfix') OR fixes.evidence_id IS NOT NULL THEN 1.0 ELSE 0.0 END AS value,
  FALSE AS censored,
  CASE WHEN NOT deployments.took_traffic THEN deployments.outcome END AS excluded
FROM deployments
LEFT JOIN fixes ON deployments.deployment_id = fixes.evidence_id
