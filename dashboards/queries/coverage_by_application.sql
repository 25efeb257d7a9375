-- One row is one application of the window with the coverage of its deployments and changes, lowest first. The first
-- of all.
WITH
live_deployments AS (
  SELECT
    observations.application,
    count(*) AS deployments,
    avg(CASE WHEN deployments.attribution IN ('commit', 'tag', 'version', 'restored') THEN 1.0 ELSE 0.0 END) AS known,
    max(deployments.traffic_at) AS quietest
  FROM $observations AS observations
  INNER JOIN deployments ON observations.subject = deployments.deployment_id
  WHERE deployments.took_traffic
  GROUP BY observations.application
),
first_deployments AS (
  SELECT application, min(traffic_at) AS since FROM deployments GROUP BY application
),
change_counts AS (
  SELECT
    application,
    count(*) AS changes,
    count(*) FILTER (WHERE excluded IS NOT NULL) AS left_out,
    count(*) FILTER (WHERE excluded IS NULL AND NOT shipped) AS open
  FROM lead_times
  GROUP BY application
),
missing_history AS (
  SELECT application, count(*) AS gaps FROM history_gaps WHERE reason = 'history is missing' GROUP BY application
)
SELECT
  live_deployments.application,
  definitions.team,
  first_deployments.since,
  live_deployments.deployments,
  live_deployments.known,
  change_counts.changes,
  change_counts.left_out,
  change_counts.open,
  missing_history.gaps,
  live_deployments.quietest,
  count(*) OVER () AS listed
FROM live_deployments
INNER JOIN definitions ON live_deployments.application = definitions.application
LEFT JOIN first_deployments ON live_deployments.application = first_deployments.application
LEFT JOIN change_counts ON live_deployments.application = change_counts.application
LEFT JOIN missing_history ON live_deployments.application = missing_history.application
ORDER BY live_deployments.known, live_deployments.application
LIMIT ?
