-- title    = "Deployments after the end of the incidents, so that it is unknown whether one caused an incident"
-- severity = "warn"
-- next     = "ingest the incidents again; if there were none, write complete_until in the settings of their source"
-- One row is one deployment that took traffic later than the incidents were known, by more than stale_after_hours.
WITH end_of_incidents AS (
  SELECT max(load.as_of) AS as_of
  FROM landing.load
  WHERE load.finished_at IS NOT NULL AND load.source IN (SELECT source FROM landing.incident)
)
SELECT deployments.deployment_id, deployments.application, deployments.traffic_at, end_of_incidents.as_of AS known_until
FROM deployments
CROSS JOIN end_of_incidents
CROSS JOIN build
WHERE
  deployments.traffic_at > end_of_incidents.as_of
  AND build.as_of > end_of_incidents.as_of + build.stale_after_hours * INTERVAL 1 HOUR
