-- One row is one period of one application with deployments: how many took traffic, how many of them failed.
SELECT application, period, count(*) AS deployments, sum(value)::BIGINT AS failed
FROM $observations
WHERE excluded IS NULL
GROUP BY application, period
ORDER BY application, period
