-- One row is one application: the mean number of changes that a deployment shipped.
SELECT application, avg(value) AS batch
FROM $observations
WHERE excluded IS NULL
GROUP BY application
ORDER BY application
