-- title    = "Incidents that were resolved before they opened, excluded from time to restore"
-- severity = "warn"
-- next     = "correct them in the incident source and ingest again"
-- One row is one incident.
SELECT incident_id, application, opened_at, resolved_at, deployment_id, url
FROM incidents
WHERE resolved_at < opened_at
