-- One row is one observation of a deployment, with its facts.
SELECT
  observations.application,
  observations.team,
  observations.happened_at,
  observations.value,
  observations.censored AS pending,
  observations.excluded,
  deployments.kind,
  deployments.outcome,
  deployments.commit,
  deployments.version,
  deployments.pipeline,
  deployments.triggered_by,
  deployments.first_traffic_at,
  deployments.full_traffic_at,
  recoveries.evidence AS failure_evidence,
  verdicts.verdict,
  verdicts.reason AS verdict_reason,
  recoveries.failed_at,
  recoveries.detected_at,
  recoveries.recovered_at,
  observations.subject AS deployment,
  deployments.url
FROM $observations AS observations
INNER JOIN deployments ON observations.subject = deployments.deployment_id
LEFT JOIN recoveries ON deployments.deployment_id = recoveries.deployment_id
LEFT JOIN verdicts ON deployments.deployment_id = verdicts.deployment_id AND verdicts.in_force
ORDER BY observations.happened_at DESC, observations.subject
