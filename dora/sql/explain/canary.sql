-- One row is one observation about a canary analysis, with the deployment it judged.
SELECT
  o.application,
  o.team,
  o.happened_at,
  o.value,
  o.censored AS pending,
  o.excluded,
  c.verdict,
  c.score,
  c.pass_threshold,
  c.marginal_threshold,
  c.config,
  c.reason,
  c.deployment_id AS deployment,
  c.outcome,
  o.subject AS canary,
  c.url
FROM $observations AS o
INNER JOIN canaries AS c ON o.subject = c.canary_id
ORDER BY o.happened_at DESC, o.subject
