-- One row is one stretch of a deployment's time, in hours since it was queued, with its stage.
SELECT
  CASE
    WHEN deployment_stages.stage IN ('queue', 'other') THEN 'queue and other'
    ELSE deployment_stages.stage
  END AS what,
  epoch(deployment_stages.started_at - deployments.queued_at) / 3600 AS start,
  epoch(deployment_stages.ended_at - deployments.queued_at) / 3600 AS "end"
FROM deployment_stages
INNER JOIN deployments ON deployment_stages.deployment_id = deployments.deployment_id
WHERE deployment_stages.deployment_id = ?
ORDER BY deployment_stages.started_at, deployment_stages.ended_at
LIMIT 200
