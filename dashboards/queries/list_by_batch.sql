-- One row is one deployment whose batch size is from the first number (inclusive) to the second (exclusive).
SELECT subject AS deployment_id
FROM metrics.batch_size
WHERE excluded IS NULL AND value >= ? AND value < ?
