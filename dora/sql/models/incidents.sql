-- One row is one incident with the deployment that it is attributed to, if any.
--
-- unique_key = ["source", "incident_id", "application"]
-- time = "opened_at"
-- example = "SELECT severity, count(*) AS incidents, count(deployment_id) AS attributed FROM incidents GROUP BY ALL"
-- incident_id = "Id of the incident."
-- linked_by = "How the incident is attributed to the deployment: deployment, commit or window; null if it is not."
-- link_problem = "Why the deployment or commit that it names blames none; null if it does, or names none."
-- resolved_at = "When it was resolved; null while it is open."
SELECT
  incident_records.id AS incident_id,
  incident_records.source,
  incident_records.application,
  evidence_of_incident.deployment_id,
  evidence_of_incident.linked_by,
  stated_links.problem AS link_problem,
  incident_records.opened_at,
  incident_records.resolved_at,
  incident_records.severity,
  incident_records.title,
  incident_records.url
FROM incident_records
LEFT JOIN evidence_of_incident
  ON incident_records.source = evidence_of_incident.source AND incident_records.id = evidence_of_incident.evidence_id
LEFT JOIN stated_links
  ON stated_links.record = 'incident'
  AND incident_records.source = stated_links.source
  AND incident_records.id = stated_links.id
