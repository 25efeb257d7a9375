-- One row is one attempt that the change failure rate excludes for this reason.
SELECT subject AS deployment_id
FROM metrics.change_failure_rate
WHERE excluded = ?
