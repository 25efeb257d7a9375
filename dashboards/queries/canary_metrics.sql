-- One row is one metric of the judgment that decides a canary's verdict, failed metrics first.
SELECT
  metric,
  groups,
  classification,
  baseline_mean,
  experiment_mean,
  ratio,
  baseline_count,
  experiment_count,
  CASE WHEN muted THEN 'muted' WHEN critical THEN 'critical' END AS weight,
  reason,
  provider
FROM canary_metrics
WHERE deployment_id = ? AND decisive
ORDER BY failed DESC, classification = 'pass', groups, metric
LIMIT 200
