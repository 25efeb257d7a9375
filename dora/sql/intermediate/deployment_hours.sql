-- One row is one deployment that took traffic: the hour of the local week in which it first did, and whether that is
-- outside the working hours of its application.
WITH local_times AS (
  SELECT
    deployments.deployment_id,
    deployments.application,
    deployments.first_traffic_at + clock_offsets.seconds * INTERVAL 1 SECOND AS local_time
  FROM deployments
  INNER JOIN clock_offsets
    ON deployments.first_traffic_at >= clock_offsets.since
    AND deployments.first_traffic_at < clock_offsets.until
)
SELECT
  local_times.deployment_id,
  (isodow(local_times.local_time) - 1) * 24 + hour(local_times.local_time) AS hour_of_week,
  working_spans.application IS NULL AS outside_business_hours
FROM local_times
LEFT JOIN working_spans
  ON local_times.application = working_spans.application
  AND isodow(local_times.local_time) - 1 = working_spans.weekday
  AND hour(local_times.local_time) * 60 + minute(local_times.local_time) >= working_spans.starts
  AND hour(local_times.local_time) * 60 + minute(local_times.local_time) < working_spans.ends
