-- title     = "Change failure rate"
-- question  = "What share of deployments failed in production?"
-- unit      = "share"
-- statistic = "share"
-- better    = "lower"
-- subject   = "deployment"
-- by_commit = true
-- dimension = "instability"
-- shaped_by = ["failure_kinds", "failure_rate_counts", "failure_window_hours", "failure_verifications", "promotions", "rollback_blames", "rollback_pipelines", "hotfix_branches", "hotfix_labels", "hotfix_pipelines", "hotfix_subjects"]
-- One row is one deployment; 1 where it failed, censored while a failure could still show within the window.
SELECT
  deployments.application,
  coalesce(deployments.traffic_at, deployments.finished_at, deployments.queued_at) AS happened_at,
  deployments.deployment_id AS subject,
  CASE WHEN recoveries.deployment_id IS NULL THEN 0.0 ELSE 1.0 END AS value,
  recoveries.deployment_id IS NULL
  AND deployments.traffic_at > data_ends.as_of - definitions.failure_window_hours * INTERVAL 1 HOUR AS censored,
  CASE
    WHEN definitions.failure_rate_counts = 'all_deployments'
      THEN CASE WHEN NOT deployments.took_traffic THEN deployments.outcome END
    WHEN deployments.outcome NOT IN ('succeeded', 'failed') THEN deployments.outcome
    WHEN definitions.failure_rate_counts = 'with_rollbacks' AND deployments.kind = 'rollback' THEN NULL
    WHEN NOT list_contains(definitions.failure_kinds, deployments.kind) THEN deployments.kind
    WHEN definitions.promotions = 'joined' AND deployments.joins_id IS NOT NULL THEN 'joins an earlier deployment'
  END AS excluded
FROM deployments
INNER JOIN definitions ON deployments.application = definitions.application
INNER JOIN data_ends ON deployments.application = data_ends.application
LEFT JOIN recoveries ON deployments.deployment_id = recoveries.deployment_id
