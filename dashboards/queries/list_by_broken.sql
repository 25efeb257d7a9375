-- One row is one failed deployment that had not recovered after so many hours.
SELECT subject AS deployment_id
FROM metrics.recovery_time
WHERE excluded IS NULL AND value >= ?
