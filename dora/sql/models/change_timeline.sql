-- One row is one change's way to production: who merged it when, the deployment that shipped it, its lead time with the
-- stages that make it up, or for how long it has been waiting.
WITH stages AS (
  SELECT
    application,
    change_id,
    sum(CASE WHEN stage = 'waiting for deployment' THEN hours END) AS waiting_hours,
    sum(CASE WHEN stage = 'queue' THEN hours END) AS queue_hours,
    sum(CASE WHEN stage = 'pre-production stages' THEN hours END) AS pre_production_hours,
    sum(CASE WHEN stage = 'approval' THEN hours END) AS approval_hours,
    sum(CASE WHEN stage = 'execution window' THEN hours END) AS execution_window_hours,
    sum(CASE WHEN stage = 'canary' THEN hours END) AS canary_hours,
    sum(CASE WHEN stage = 'rollout' THEN hours END) AS rollout_hours,
    sum(CASE WHEN stage IN ('other', 'unknown') THEN hours END) AS other_hours
  FROM lead_stages
  GROUP BY application, change_id
)
SELECT
  c.application,
  c.change_id,
  c.repository,
  c.sha,
  c.change_request,
  c.author,
  c.subject,
  c.branch,
  c.merge_method,
  c.labels,
  c.commits,
  c.files,
  c.lines_added,
  c.lines_removed,
  c.first_commit_at,
  c.opened_at,
  c.first_review_at,
  c.approved_at,
  c.merged_at,
  c.merge_time_issue,
  CASE WHEN k.excluded IS NOT NULL THEN k.excluded WHEN k.shipped THEN 'shipped' ELSE 'open' END AS state,
  CASE WHEN k.excluded IS NULL AND k.shipped THEN k.hours END AS lead_hours,
  CASE WHEN k.excluded IS NULL AND NOT k.shipped THEN k.hours END AS open_hours,
  s.waiting_hours,
  s.queue_hours,
  s.pre_production_hours,
  s.approval_hours,
  s.execution_window_hours,
  s.canary_hours,
  s.rollout_hours,
  s.other_hours,
  d.full_traffic_at,
  d.kind,
  c.shipped_by AS deployment_id,
  d.url
FROM changes AS c
INNER JOIN lead_times AS k ON c.application = k.application AND c.change_id = k.change_id
LEFT JOIN stages AS s ON c.application = s.application AND c.change_id = s.change_id
LEFT JOIN deployments AS d ON c.shipped_by = d.deployment_id
