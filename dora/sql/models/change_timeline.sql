-- One row is one change's way to production: its merge, the deployment that shipped it, and its lead time by stage,
-- or for how long it has been waiting.
--
-- unique_key = ["application", "change_id"]
-- time = "merged_at"
-- example = "SELECT application, subject, lead_hours, waiting_hours, approval_hours FROM change_timeline WHERE state = 'shipped' ORDER BY lead_hours DESC LIMIT 20"
-- subject = "First line of its message."
-- state = "shipped, open, or why it does not count."
-- lead_hours = "Lead time of a shipped change, by the definitions in force."
-- open_hours = "Time since the lead time of an open change started."
-- coding_hours = "Before its merge: from its first commit until its request was opened."
-- pickup_hours = "Before its merge: from there until the first review."
-- review_hours = "Before its merge: from there until it was approved."
-- merge_hours = "Before its merge: from there until it was merged."
-- waiting_hours = "Part of the lead time: from its merge until its deployment was queued."
-- queue_hours = "Part of the lead time: queued."
-- pre_production_hours = "Part of the lead time: builds, bakes and test environments."
-- approval_hours = "Part of the lead time: waiting for approval."
-- execution_window_hours = "Part of the lead time: waiting for an execution window or a delay."
-- canary_hours = "Part of the lead time: canary analysis."
-- rollout_hours = "Part of the lead time: changing production."
-- other_hours = "Part of the lead time that belongs to none of the others."
WITH
hours_before_merge AS (
  SELECT
    application,
    change_id,
    sum(CASE WHEN stage = 'coding' THEN epoch(ended_at - started_at) END) / 3600 AS coding_hours,
    sum(CASE WHEN stage = 'pickup' THEN epoch(ended_at - started_at) END) / 3600 AS pickup_hours,
    sum(CASE WHEN stage = 'review' THEN epoch(ended_at - started_at) END) / 3600 AS review_hours,
    sum(CASE WHEN stage = 'merge' THEN epoch(ended_at - started_at) END) / 3600 AS merge_hours
  FROM stages_before_merge
  GROUP BY application, change_id
),
hours_by_stage AS (
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
  changes.application,
  changes.change_id,
  changes.repository,
  changes.sha,
  changes.change_request,
  changes.author,
  changes.subject,
  changes.branch,
  changes.merge_method,
  changes.labels,
  changes.commits,
  changes.files,
  changes.lines_added,
  changes.lines_removed,
  changes.first_commit_at,
  changes.opened_at,
  changes.first_review_at,
  changes.approved_at,
  changes.merged_at,
  changes.merge_time_issue,
  CASE
    WHEN lead_times.excluded IS NOT NULL THEN lead_times.excluded
    WHEN lead_times.shipped THEN 'shipped'
    ELSE 'open'
  END AS state,
  CASE WHEN lead_times.excluded IS NULL AND lead_times.shipped THEN lead_times.hours END AS lead_hours,
  CASE WHEN lead_times.excluded IS NULL AND NOT lead_times.shipped THEN lead_times.hours END AS open_hours,
  hours_before_merge.coding_hours,
  hours_before_merge.pickup_hours,
  hours_before_merge.review_hours,
  hours_before_merge.merge_hours,
  hours_by_stage.waiting_hours,
  hours_by_stage.queue_hours,
  hours_by_stage.pre_production_hours,
  hours_by_stage.approval_hours,
  hours_by_stage.execution_window_hours,
  hours_by_stage.canary_hours,
  hours_by_stage.rollout_hours,
  hours_by_stage.other_hours,
  deployments.full_traffic_at,
  deployments.kind,
  changes.shipped_by AS deployment_id,
  deployments.url
FROM changes
INNER JOIN lead_times ON changes.application = lead_times.application AND changes.change_id = lead_times.change_id
LEFT JOIN hours_before_merge
  ON changes.application = hours_before_merge.application
  AND changes.change_id = hours_before_merge.change_id
LEFT JOIN hours_by_stage
  ON changes.application = hours_by_stage.application
  AND changes.change_id = hours_by_stage.change_id
LEFT JOIN deployments ON changes.shipped_by = deployments.deployment_id
