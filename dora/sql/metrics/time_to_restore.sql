-- title     = "Time to restore service"
-- question  = "How long does an incident last that no deployment caused?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "incident"
-- shaped_by = ["failure_window_hours"]
-- One row is one incident, dated when it opened; censored while it goes on. Those attributed to a deployment count there.
SELECT
  i.application,
  i.opened_at AS happened_at,
  i.incident_id AS subject,
  epoch(coalesce(i.resolved_at, build.as_of) - i.opened_at) / 3600 AS value,
  i.resolved_at IS NULL AS censored,
  CASE
    WHEN i.deployment_id IS NOT NULL THEN 'attributed to a deployment'
    WHEN i.opened_at > build.as_of THEN 'opened after the data ends'
    WHEN i.resolved_at < i.opened_at THEN 'resolved before it opened'
  END AS excluded
FROM incidents AS i
CROSS JOIN build
