-- title    = "Recoveries that are told to have ended before the failure began, which no recovery time counts"
-- severity = "warn"
-- next     = "compare the clocks of the pager and of the deployment system"
-- One row is one piece of evidence whose end lies before its deployment failed.
SELECT
  f.deployment_id,
  f.application,
  f.evidence,
  f.evidence_id,
  r.failed_at,
  f.recovered_at,
  epoch(f.recovered_at - r.failed_at) / 3600 AS hours
FROM failures AS f
INNER JOIN recoveries AS r ON f.deployment_id = r.deployment_id
WHERE f.recovered_at < r.failed_at
