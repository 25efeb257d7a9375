-- One row is one attempt that is in no share of failures, for this reason.
SELECT subject AS deployment_id
FROM metrics.change_failure_rate
WHERE excluded = ?
