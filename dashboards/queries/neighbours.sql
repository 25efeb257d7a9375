-- One row is one deployment with the deployment of its application before it and the one after it, null at the ends.
WITH
own_deployments AS (
  SELECT deployment_id, coalesce(traffic_at, finished_at, queued_at) AS happened_at
  FROM deployments
  WHERE application = (SELECT application FROM deployments WHERE deployment_id = $1)
),
ordered_deployments AS (
  SELECT
    deployment_id,
    lag(deployment_id) OVER (ORDER BY happened_at, deployment_id) AS previous_id,
    lead(deployment_id) OVER (ORDER BY happened_at, deployment_id) AS next_id
  FROM own_deployments
)
SELECT previous_id, next_id FROM ordered_deployments WHERE deployment_id = $1
