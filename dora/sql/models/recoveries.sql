-- One row is one failed deployment, recovered or not: when it failed, when service was restored (null: not yet) and on
-- what evidence. It failed at full traffic, or at the first evidence if that came earlier, never before first traffic
-- (R1). A rollback or a fix restores service; where there are incidents only, the resolution of the last one does.
--
-- unique_key = ["deployment_id"]
-- time = "failed_at"
-- example = "SELECT application, date_diff('minute', failed_at, recovered_at) AS minutes FROM recoveries WHERE excluded IS NULL ORDER BY minutes DESC"
-- failed_at = "When the failure started."
-- detected_at = "When the first of its incidents was opened; null without one."
-- excluded = "Why its recovery time is left out: a verdict alone, or recovered before it failed; null if it counts."
-- evidence_count = "Number of pieces of evidence."
WITH
evidence_by_deployment AS (
  SELECT
    application,
    deployment_id,
    min(happened_at) AS first_evidence_at,
    min(happened_at) FILTER (evidence = 'deploy') AS broke_at,
    min(happened_at) FILTER (evidence = 'incident') AS detected_at,
    max(recovered_at) FILTER (evidence = 'incident') AS last_resolved_at,
    bool_and(recovered_at IS NOT NULL) FILTER (evidence = 'incident') AS all_resolved,
    string_agg(DISTINCT evidence, ' ' ORDER BY evidence) AS evidence,
    bool_or(recovered_at IS NOT NULL AND evidence <> 'incident') AS was_restored,
    count(*) AS evidence_count
  FROM failures
  GROUP BY application, deployment_id
),
failure_times AS (
  SELECT
    evidence_by_deployment.*,
    greatest(
      least(deployments.earliest_traffic_at, broke_at),
      CASE
        WHEN definitions.recovery_starts = 'incident_opened_at' AND detected_at IS NOT NULL THEN detected_at
        WHEN definitions.recovery_starts = 'first_traffic_at' THEN least(deployments.first_traffic_at, first_evidence_at)
        ELSE least(deployments.full_traffic_at, first_evidence_at)
      END
    ) AS failed_at
  FROM evidence_by_deployment
  INNER JOIN deployments ON evidence_by_deployment.deployment_id = deployments.deployment_id
  INNER JOIN definitions ON deployments.application = definitions.application
),
restorations AS (
  SELECT failure_times.deployment_id, min(failures.recovered_at) AS restored_at
  FROM failure_times
  INNER JOIN failures
    ON failure_times.deployment_id = failures.deployment_id AND failures.recovered_at >= failure_times.failed_at
  WHERE failures.evidence <> 'incident'
  GROUP BY failure_times.deployment_id
),
recovery_times AS (
  SELECT
    failure_times.*,
    coalesce(
      restorations.restored_at,
      CASE WHEN all_resolved AND last_resolved_at >= failure_times.failed_at THEN last_resolved_at END
    ) AS recovered_at
  FROM failure_times
  LEFT JOIN restorations ON failure_times.deployment_id = restorations.deployment_id
)
SELECT
  application,
  deployment_id,
  failed_at,
  detected_at,
  recovered_at,
  CASE
    WHEN evidence = 'verdict' THEN 'a verdict alone'
    WHEN recovered_at IS NULL AND (was_restored OR all_resolved) THEN 'recovered before it failed'
  END AS excluded,
  evidence,
  evidence_count
FROM recovery_times
