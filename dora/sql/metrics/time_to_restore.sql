-- title     = "Time to restore service"
-- question  = "How long does an incident that no deployment caused last?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "incident"
-- shaped_by = ["failure_window_hours"]
-- One row is one incident, dated when it opened; censored while it is open. Those attributed to a deployment are
-- excluded.
SELECT
  incidents.application,
  incidents.opened_at AS happened_at,
  incidents.incident_id AS subject,
  epoch(coalesce(incidents.resolved_at, data_ends.as_of) - incidents.opened_at) / 3600 AS value,
  incidents.resolved_at IS NULL AS censored,
  CASE
    WHEN incidents.deployment_id IS NOT NULL THEN 'attributed to a deployment'
    WHEN incidents.opened_at > data_ends.as_of THEN 'opened after the data ends'
    WHEN incidents.resolved_at < incidents.opened_at THEN 'resolved before it opened'
  END AS excluded
FROM incidents
INNER JOIN data_ends ON incidents.application = data_ends.application
