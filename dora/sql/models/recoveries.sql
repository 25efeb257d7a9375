-- One row is one failed deployment, recovered or not: when it failed, when service was restored (null: not yet) and on what evidence. A
-- deployment that failed while it deployed and was restarted into success failed when its first attempt took traffic.
--
-- failed_at = "When the failure started."
-- evidence_count = "Number of pieces of evidence."
WITH
failed_deploys AS (
  SELECT deployment_id, min(happened_at) AS failed_at FROM failures WHERE evidence = 'deploy' GROUP BY deployment_id
),
incidents_by_deployment AS (
  SELECT deployment_id, min(happened_at) AS opened_at FROM failures WHERE evidence = 'incident' GROUP BY deployment_id
),
failure_times AS (
  SELECT
    deployments.deployment_id,
    deployments.application,
    least(
      CASE definitions.recovery_starts
        WHEN 'first_traffic_at' THEN deployments.first_traffic_at
        WHEN 'incident_opened_at' THEN coalesce(incidents_by_deployment.opened_at, deployments.traffic_at)
        ELSE deployments.traffic_at
      END,
      CASE
        WHEN incidents_by_deployment.opened_at IS NULL OR definitions.recovery_starts <> 'incident_opened_at'
          THEN failed_deploys.failed_at
      END
    ) AS failed_at
  FROM deployments
  INNER JOIN definitions ON deployments.application = definitions.application
  LEFT JOIN failed_deploys ON deployments.deployment_id = failed_deploys.deployment_id
  LEFT JOIN incidents_by_deployment ON deployments.deployment_id = incidents_by_deployment.deployment_id
),
distinct_evidence AS (
  SELECT DISTINCT deployment_id, evidence FROM failures
),
evidence_lists AS (
  SELECT deployment_id, string_agg(evidence, ' ' ORDER BY evidence) AS evidence
  FROM distinct_evidence
  GROUP BY deployment_id
)
SELECT
  failures.application,
  failures.deployment_id,
  failure_times.failed_at,
  min(CASE WHEN failures.recovered_at >= failure_times.failed_at THEN failures.recovered_at END) AS recovered_at,
  min(evidence_lists.evidence) AS evidence,
  count(*) AS evidence_count
FROM failures
INNER JOIN failure_times ON failures.deployment_id = failure_times.deployment_id
INNER JOIN evidence_lists ON failures.deployment_id = evidence_lists.deployment_id
GROUP BY failures.application, failures.deployment_id, failure_times.failed_at
