-- title    = "Deployments that took traffic after the data ends"
-- severity = "warn"
-- next     = "compare the clocks of the machines that report them"
-- One row is one deployment.
SELECT deployments.deployment_id, deployments.application, deployments.traffic_at, build.as_of
FROM deployments
CROSS JOIN build
WHERE deployments.traffic_at > build.as_of
