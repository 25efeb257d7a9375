-- One row is one incident that blames a deployment (E3): the one that its record names, else the latest of its
-- application that took traffic before it opened, unless it had all of it longer ago than the failure window.
WITH
deployments_in_window AS (
  SELECT
    incident_records.source,
    incident_records.id,
    releases.deployment_id,
    row_number() OVER (
      PARTITION BY incident_records.source, incident_records.id
      ORDER BY releases.earliest_traffic_at DESC, releases.deployment_id DESC
    ) AS nearest
  FROM incident_records
  INNER JOIN definitions ON incident_records.application = definitions.application
  INNER JOIN deployments_that_can_fail AS releases ON incident_records.application = releases.application
  WHERE
    incident_records.deployment IS NULL
    AND incident_records.commit IS NULL
    AND incident_records.opened_at >= releases.earliest_traffic_at
    AND incident_records.opened_at <= releases.traffic_at + definitions.failure_window_hours * INTERVAL 1 HOUR
),
attributions AS (
  SELECT source, id, deployment_id, linked_by, 'stated' AS confidence
  FROM stated_links
  WHERE record = 'incident' AND problem IS NULL
  UNION ALL
  SELECT source, id, deployment_id, 'window', 'inferred' FROM deployments_in_window WHERE nearest = 1
)
SELECT
  attributions.deployment_id,
  'incident' AS evidence,
  attributions.id AS evidence_id,
  incident_records.opened_at AS happened_at,
  incident_records.resolved_at AS recovered_at,
  attributions.confidence,
  attributions.source,
  attributions.linked_by
FROM attributions
INNER JOIN incident_records ON attributions.source = incident_records.source AND attributions.id = incident_records.id
