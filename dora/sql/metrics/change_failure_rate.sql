-- title     = "Change failure rate"
-- question  = "What share of deployments failed in production?"
-- unit      = "share"
-- statistic = "share"
-- better    = "lower"
-- subject   = "deployment"
-- shaped_by = ["failure_window_hours", "rollback_blames", "rollback_pipelines", "hotfix_branches", "hotfix_labels", "hotfix_pipelines", "hotfix_subjects"]
-- One row is one deployment; 1 where it failed, censored while a failure could still show within the window.
SELECT
  p.application,
  coalesce(p.traffic_at, p.finished_at, p.queued_at) AS happened_at,
  p.deployment_id AS subject,
  CASE WHEN r.deployment_id IS NULL THEN 0.0 ELSE 1.0 END AS value,
  r.deployment_id IS NULL AND p.traffic_at > build.as_of - d.failure_window_hours * INTERVAL 1 HOUR AS censored,
  CASE
    WHEN NOT p.took_traffic THEN p.outcome
    WHEN p.kind NOT IN ('release', 'hotfix', 'config') THEN p.kind
  END AS excluded
FROM deployments AS p
INNER JOIN definitions AS d ON p.application = d.application
CROSS JOIN build
LEFT JOIN recoveries AS r ON p.deployment_id = r.deployment_id
