-- title     = "Approval wait"
-- question  = "How long does a deployment wait for approval?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "approval"
-- shaped_by = ["production_accounts", "production_environments"]
-- One row is one approval prompt of one application on the way to production, dated when it was sent; censored while it
-- is pending.
SELECT
  approvals.application,
  approvals.started_at AS happened_at,
  approvals.approval_id AS subject,
  coalesce(approvals.waited_minutes / 60, epoch(data_ends.as_of - approvals.started_at) / 3600) AS value,
  approvals.waited_minutes IS NULL AS censored,
  CASE
    WHEN approvals.deployment_id IS NULL THEN 'not on the way to production'
    WHEN approvals.role = 'verification' THEN 'verification after the deployment'
    WHEN approvals.started_at IS NULL OR approvals.started_at > data_ends.as_of THEN 'impossible time'
    WHEN approvals.waited_minutes < 0 THEN 'decided before it was requested'
    WHEN approvals.outcome <> 'decided' AND approvals.waited_minutes IS NOT NULL THEN approvals.outcome
  END AS excluded
FROM approvals
INNER JOIN data_ends ON approvals.application = data_ends.application
QUALIFY row_number() OVER (
  PARTITION BY approvals.source, approvals.approval_id, approvals.application
  ORDER BY approvals.role, approvals.deployment_id
) = 1
