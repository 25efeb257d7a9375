-- One row is one period: how long those of its changes that were shipped took, as quantiles in hours.
SELECT
  strftime(period, '%Y-%m-%d') AS start,
  quantile_cont(value, 0.10) AS p10,
  quantile_cont(value, 0.25) AS p25,
  quantile_cont(value, 0.50) AS p50,
  quantile_cont(value, 0.75) AS p75,
  quantile_cont(value, 0.90) AS p90
FROM $observations
WHERE excluded IS NULL AND NOT censored
GROUP BY period
ORDER BY period
