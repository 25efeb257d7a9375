-- title    = "Failures that ended before they began, excluded from recovery time"
-- severity = "warn"
-- next     = "compare the clocks of the incident source and of the deployment system"
-- One row is one piece of evidence that ends before its deployment failed.
SELECT
  failures.deployment_id,
  failures.application,
  failures.evidence,
  failures.evidence_id,
  recoveries.failed_at,
  failures.recovered_at,
  epoch(failures.recovered_at - recoveries.failed_at) / 3600 AS hours
FROM failures
INNER JOIN recoveries ON failures.deployment_id = recoveries.deployment_id
WHERE recoveries.excluded = 'recovered before it failed' AND failures.recovered_at < recoveries.failed_at
