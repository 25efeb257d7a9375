-- One row is one failed deployment that a text finds, with all its evidence, latest first.
WITH
failed_observations AS (
  SELECT subject, happened_at FROM $observations WHERE excluded IS NULL AND value = 1
),
selected_deployments AS (
  SELECT subject AS deployment_id FROM failed_observations
),
matches AS (
  $matches
),
evidence_by_deployment AS (
  SELECT
    failures.deployment_id,
    string_agg(DISTINCT failures.evidence, ' ' ORDER BY failures.evidence) AS evidence,
    max(incidents.severity) AS severity,
    max(incidents.title) AS incident
  FROM failures
  LEFT JOIN incidents
    ON failures.evidence = 'incident'
    AND failures.evidence_id = incidents.incident_id
    AND failures.deployment_id = incidents.deployment_id
  GROUP BY failures.deployment_id
)
SELECT
  observations.happened_at,
  deployments.application,
  definitions.team,
  deployments.kind,
  substr(deployments.commit, 1, 9) AS short_commit,
  batch_size.value AS batch,
  evidence_by_deployment.evidence,
  evidence_by_deployment.severity,
  evidence_by_deployment.incident,
  epoch(recoveries.recovered_at - recoveries.failed_at) / 3600 AS recovered_hours,
  recoveries.recovered_at IS NULL AS still_failing,
  deployments.url,
  deployments.deployment_id
FROM failed_observations AS observations
SEMI JOIN matches ON observations.subject = matches.deployment_id
INNER JOIN deployments ON observations.subject = deployments.deployment_id
INNER JOIN definitions ON deployments.application = definitions.application
INNER JOIN evidence_by_deployment ON deployments.deployment_id = evidence_by_deployment.deployment_id
LEFT JOIN recoveries ON deployments.deployment_id = recoveries.deployment_id
LEFT JOIN metrics.batch_size
  ON deployments.application = batch_size.application
  AND deployments.deployment_id = batch_size.subject
  AND batch_size.excluded IS NULL
ORDER BY observations.happened_at DESC, deployments.deployment_id
