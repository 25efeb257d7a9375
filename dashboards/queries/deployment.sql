-- One row is the deployment asked for: what it was, how it ended, what it followed, whether and when it recovered.
SELECT
  p.*,
  d.team,
  d.failure_window_hours,
  d.lead_time_starts,
  d.lead_time_stops,
  r.evidence,
  r.failed_at,
  r.recovered_at,
  epoch(r.recovered_at - r.failed_at) / 3600 AS recovered_hours,
  r.deployment_id IS NOT NULL AND r.recovered_at IS NULL AS still_failing,
  p.traffic_at > build.as_of - d.failure_window_hours * INTERVAL 1 HOUR AS may_still_fail,
  epoch(coalesce(p.full_traffic_at, p.finished_at) - p.queued_at) / 3600 AS took_hours
FROM deployments AS p
INNER JOIN definitions AS d ON p.application = d.application
CROSS JOIN build
LEFT JOIN recoveries AS r ON p.deployment_id = r.deployment_id
WHERE p.deployment_id = ?
