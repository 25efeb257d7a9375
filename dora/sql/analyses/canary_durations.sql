-- One row: the applications with canaries, and the minutes that canaries with a verdict took.
SELECT
  count(DISTINCT application) AS applications,
  quantile_cont(CASE WHEN verdict IN ('pass', 'marginal', 'fail') THEN minutes END, 0.5) AS median,
  quantile_cont(CASE WHEN verdict IN ('pass', 'marginal', 'fail') THEN minutes END, 0.9) AS p90
FROM $canary_outcomes
