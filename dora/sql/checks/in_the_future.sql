-- title    = "Deployments that took traffic after the data ends"
-- severity = "warn"
-- next     = "compare the clocks of the machines that report them"
-- One row is one deployment.
SELECT d.deployment_id, d.application, d.traffic_at, build.as_of
FROM deployments AS d
CROSS JOIN build
WHERE d.traffic_at > build.as_of
