-- One row is one source with the time of the first row of its history.
SELECT source, min(first_at) AS first_at
FROM first_executions
GROUP BY source
