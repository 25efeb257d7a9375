-- One row is the selected deployment: its facts, its outcome, and whether and when it recovered.
SELECT
  deployments.*,
  definitions.team,
  definitions.failure_window_hours,
  definitions.lead_time_starts,
  definitions.lead_time_stops,
  recoveries.evidence,
  recoveries.failed_at,
  recoveries.recovered_at,
  epoch(recoveries.recovered_at - recoveries.failed_at) / 3600 AS recovered_hours,
  recoveries.deployment_id IS NOT NULL AND recoveries.recovered_at IS NULL AS still_failing,
  deployments.traffic_at > build.as_of - definitions.failure_window_hours * INTERVAL 1 HOUR AS may_still_fail,
  epoch(coalesce(deployments.full_traffic_at, deployments.finished_at) - deployments.queued_at) / 3600 AS took_hours
FROM deployments
INNER JOIN definitions ON deployments.application = definitions.application
CROSS JOIN build
LEFT JOIN recoveries ON deployments.deployment_id = recoveries.deployment_id
WHERE deployments.deployment_id = ?
