-- One row is the window: of its deployments that took traffic, how many have a commit, full traffic or a canary
-- recorded.
WITH
live_deployments AS (
  SELECT observations.application, deployments.*
  FROM $observations AS observations
  INNER JOIN deployments ON observations.subject = deployments.deployment_id
  WHERE deployments.took_traffic
),
analysed_deployments AS (
  SELECT DISTINCT deployment_id FROM canaries
),
missing_history AS (
  SELECT count(*) AS gaps
  FROM history_gaps
  WHERE reason = 'history is missing' AND application IN (SELECT application FROM live_deployments)
)
SELECT
  count(*) AS served,
  count(*) FILTER (WHERE live_deployments.attribution IN ('commit', 'tag', 'version', 'restored')) AS attributed,
  count(*) FILTER (WHERE live_deployments.full_traffic_at IS NOT NULL) AS timed,
  count(analysed_deployments.deployment_id) AS canaried,
  coalesce(max(missing_history.gaps), 0) AS gaps
FROM live_deployments
LEFT JOIN analysed_deployments ON live_deployments.deployment_id = analysed_deployments.deployment_id
CROSS JOIN missing_history
