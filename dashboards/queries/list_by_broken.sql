-- One row is one deployment that failed and had not recovered so many hours later.
SELECT subject AS deployment_id
FROM metrics.recovery_time
WHERE excluded IS NULL AND value >= ?
