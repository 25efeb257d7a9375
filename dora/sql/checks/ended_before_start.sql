-- title    = "Deployments whose end precedes their start"
-- severity = "warn"
-- next     = "compare the clocks of the machines that report them"
-- One row is one deployment.
SELECT deployment_id, application, queued_at, first_traffic_at, full_traffic_at
FROM deployments
WHERE full_traffic_at < first_traffic_at OR full_traffic_at < queued_at
