-- title    = "Routes in production that give traffic to a workload that no deployment is known of"
-- severity = "warn"
-- next     = "ingest the application that deploys it, or call the workload like the host, or like HOST-SUBSET"
-- One row is one destination of the routes of one application.
WITH production_places AS (
  SELECT DISTINCT application, account, location
  FROM production_targets
  WHERE is_production OR is_production_config
)
SELECT
  traffic_route.source,
  traffic_route.application,
  traffic_route.account,
  traffic_route.location,
  unknown_destinations.host,
  unknown_destinations.subset,
  count(DISTINCT traffic_route.id) AS routes,
  max(traffic_route.applied_at) AS last_at
FROM unknown_destinations
INNER JOIN landing.traffic_route
  ON unknown_destinations.source = traffic_route.source AND unknown_destinations.route_id = traffic_route.id
INNER JOIN production_places
  ON traffic_route.application = production_places.application
  AND traffic_route.account IS NOT DISTINCT FROM production_places.account
  AND traffic_route.location IS NOT DISTINCT FROM production_places.location
GROUP BY
  traffic_route.source,
  traffic_route.application,
  traffic_route.account,
  traffic_route.location,
  unknown_destinations.host,
  unknown_destinations.subset
