-- One row is one application: the mean of how many changes a deployment brought.
SELECT application, avg(value) AS batch
FROM $observations
WHERE excluded IS NULL
GROUP BY application
ORDER BY application
