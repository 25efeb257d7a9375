-- One row is one incident with the deployment that it is attributed to: the one that its record names, else the one
-- that shipped the commit that its record names, else the latest of its application that took traffic within the
-- failure window before it opened. Without any of these it is attributed to none.
--
-- incident_id = "Id of the incident."
-- linked_by = "How the incident is attributed to the deployment: deployment, commit or window; null if it is not."
-- resolved_at = "When it was resolved; null while it is open."
WITH
named_roots AS (
  SELECT incident_records.source, incident_records.id, execution.source AS execution_source, execution.root_id
  FROM incident_records
  INNER JOIN landing.execution ON incident_records.deployment = execution.id
  UNION
  SELECT incident_records.source, incident_records.id, execution.source, execution.root_id
  FROM incident_records
  INNER JOIN landing.execution ON incident_records.deployment = execution.external_id
),
named_deployments AS (
  SELECT named_roots.source, named_roots.id, releases.deployment_id
  FROM named_roots
  INNER JOIN deployment_trees
    ON named_roots.execution_source = deployment_trees.source AND named_roots.root_id = deployment_trees.root_id
    AND deployment_trees.is_first
  INNER JOIN deployments_that_can_fail AS releases ON deployment_trees.deployment_id = releases.deployment_id
  UNION
  SELECT incident_records.source, incident_records.id, releases.deployment_id
  FROM incident_records
  INNER JOIN deployments_that_can_fail AS releases ON incident_records.deployment IN (releases.deployment_id, releases.root_id)
),
-- Of several with one id that of the incident's own application, then the latest before it opened; of several of
-- other applications none.
ranked_deployments AS (
  SELECT
    named_deployments.*,
    releases.application = incident_records.application AS is_own,
    count(*) OVER (PARTITION BY incident_records.source, incident_records.id) AS candidates,
    row_number() OVER (
      PARTITION BY incident_records.source, incident_records.id
      ORDER BY
        releases.application = incident_records.application DESC,
        releases.traffic_at <= incident_records.opened_at DESC,
        releases.traffic_at DESC,
        releases.deployment_id DESC
    ) AS nearest
  FROM named_deployments
  INNER JOIN incident_records
    ON named_deployments.source = incident_records.source AND named_deployments.id = incident_records.id
  INNER JOIN deployments_that_can_fail AS releases ON named_deployments.deployment_id = releases.deployment_id
),
linked_incidents AS (
  SELECT source, id, deployment_id, 'deployment' AS linked_by
  FROM ranked_deployments
  WHERE nearest = 1 AND (is_own OR candidates = 1)
  UNION
  SELECT DISTINCT incident_records.source, incident_records.id, changes.shipped_by, 'commit'
  FROM incident_records
  INNER JOIN changes
    ON incident_records.application = changes.application
    AND starts_with(changes.sha, lower(incident_records.commit))
  WHERE incident_records.deployment IS NULL AND length(incident_records.commit) >= 7 AND changes.shipped_by IS NOT NULL
),
deployments_in_window AS (
  SELECT
    incident_records.source,
    incident_records.id,
    releases.deployment_id,
    row_number() OVER (
      PARTITION BY incident_records.source, incident_records.id
      ORDER BY releases.traffic_at DESC, releases.deployment_id DESC
    ) AS nearest
  FROM incident_records
  INNER JOIN definitions ON incident_records.application = definitions.application
  INNER JOIN deployments_that_can_fail AS releases
    ON
      incident_records.application = releases.application
      AND releases.traffic_at <= incident_records.opened_at
      AND releases.traffic_at >= incident_records.opened_at - definitions.failure_window_hours * INTERVAL 1 HOUR
  LEFT JOIN linked_incidents
    ON incident_records.source = linked_incidents.source
    AND incident_records.id = linked_incidents.id
  WHERE linked_incidents.id IS NULL
),
attributions AS (
  SELECT source, id, deployment_id, linked_by FROM linked_incidents
  UNION ALL
  SELECT source, id, deployment_id, 'window' FROM deployments_in_window WHERE nearest = 1
)
SELECT
  incident_records.id AS incident_id,
  incident_records.source,
  incident_records.application,
  attributions.deployment_id,
  attributions.linked_by,
  incident_records.opened_at,
  incident_records.resolved_at,
  incident_records.severity,
  incident_records.title,
  incident_records.url
FROM incident_records
LEFT JOIN attributions ON incident_records.source = attributions.source AND incident_records.id = attributions.id
