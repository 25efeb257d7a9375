-- One row is one observation of a canary analysis, with the deployment that it analysed.
SELECT
  observations.application,
  observations.team,
  observations.happened_at,
  observations.value,
  observations.censored AS pending,
  observations.excluded,
  canaries.verdict,
  canaries.score,
  canaries.pass_threshold,
  canaries.marginal_threshold,
  canaries.config,
  canaries.reason,
  canaries.deployment_id AS deployment,
  canaries.outcome,
  observations.subject AS canary,
  canaries.url
FROM $observations AS observations
INNER JOIN canaries ON observations.subject = canaries.canary_id
ORDER BY observations.happened_at DESC, observations.subject
