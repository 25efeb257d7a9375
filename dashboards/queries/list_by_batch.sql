-- One row is one deployment that brought so many changes: from the first number on, fewer than the second.
SELECT subject AS deployment_id
FROM metrics.batch_size
WHERE excluded IS NULL AND value >= ? AND value < ?
