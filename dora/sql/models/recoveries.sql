-- One row is one failed deployment, with when it failed, when service was whole again (null: not yet) and by what evidence.
-- One that failed while it deployed and was restarted into success failed when its first attempt took traffic.
WITH
restarted AS (
  SELECT deployment_id, min(happened_at) AS failed_at FROM failures WHERE evidence = 'deploy' GROUP BY deployment_id
),
reported AS (
  SELECT deployment_id, min(happened_at) AS opened_at FROM failures WHERE evidence = 'incident' GROUP BY deployment_id
),
clocks AS (
  SELECT
    p.deployment_id,
    p.application,
    least(
      CASE d.recovery_starts
        WHEN 'first_traffic_at' THEN p.first_traffic_at
        WHEN 'incident_opened_at' THEN coalesce(i.opened_at, p.traffic_at)
        ELSE p.traffic_at
      END,
      CASE WHEN i.opened_at IS NULL OR d.recovery_starts <> 'incident_opened_at' THEN r.failed_at END
    ) AS failed_at
  FROM deployments AS p
  INNER JOIN definitions AS d ON p.application = d.application
  LEFT JOIN restarted AS r ON p.deployment_id = r.deployment_id
  LEFT JOIN reported AS i ON p.deployment_id = i.deployment_id
),
named AS (
  SELECT DISTINCT deployment_id, evidence FROM failures
),
lists AS (
  SELECT deployment_id, string_agg(evidence, ' ' ORDER BY evidence) AS evidence
  FROM named
  GROUP BY deployment_id
)
SELECT
  f.application,
  f.deployment_id,
  clocks.failed_at,
  min(CASE WHEN f.recovered_at >= clocks.failed_at THEN f.recovered_at END) AS recovered_at,
  min(lists.evidence) AS evidence,
  count(*) AS evidence_count
FROM failures AS f
INNER JOIN clocks ON f.deployment_id = clocks.deployment_id
INNER JOIN lists ON f.deployment_id = lists.deployment_id
GROUP BY f.application, f.deployment_id, clocks.failed_at
