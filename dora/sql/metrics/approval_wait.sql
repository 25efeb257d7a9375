-- title     = "Approval wait"
-- question  = "How long does a deployment wait for a person to say yes?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "approval"
-- shaped_by = ["production_accounts", "production_environments"]
-- One row is one question put to a person on the way to production, dated when it was asked; censored while it waits.
SELECT
  a.application,
  a.started_at AS happened_at,
  a.approval_id AS subject,
  coalesce(a.waited_minutes / 60, epoch(build.as_of - a.started_at) / 3600) AS value,
  a.waited_minutes IS NULL AS censored,
  CASE
    WHEN a.deployment_id IS NULL THEN 'not on the way to production'
    WHEN a.started_at IS NULL OR a.started_at > build.as_of THEN 'impossible time'
    WHEN a.waited_minutes < 0 THEN 'decided before it was requested'
    WHEN a.outcome <> 'decided' AND a.waited_minutes IS NOT NULL THEN a.outcome
  END AS excluded
FROM approvals AS a
CROSS JOIN build
