-- One row is one pattern of metric results of deciding judgments, with the number of canaries that have it. The metrics
-- are parallel lists in the order of their names.
WITH metrics_by_canary AS (
  SELECT
    canary_outcomes.source,
    canary_outcomes.canary_id,
    min(canary_outcomes.config) AS config,
    min(canary_outcomes.verdict) AS verdict,
    min(canary_outcomes.score) AS score,
    min(canary_outcomes.pass_threshold) AS pass_threshold,
    list(canary_metrics.metric ORDER BY canary_metrics.metric, canary_metrics.metric_id) AS metrics,
    list(coalesce(canary_metrics.groups, '') ORDER BY canary_metrics.metric, canary_metrics.metric_id) AS groups,
    list(canary_metrics.classification ORDER BY canary_metrics.metric, canary_metrics.metric_id) AS classifications,
    list(coalesce(canary_metrics.critical, FALSE) ORDER BY canary_metrics.metric, canary_metrics.metric_id) AS critical
  FROM $canary_outcomes AS canary_outcomes
  INNER JOIN canary_metrics
    ON canary_outcomes.source = canary_metrics.source
    AND canary_outcomes.canary_id = canary_metrics.canary_id
  WHERE
    canary_metrics.decisive
    AND NOT coalesce(canary_metrics.muted, FALSE)
    AND canary_outcomes.verdict IN ('pass', 'marginal', 'fail', 'no_data')
  GROUP BY canary_outcomes.source, canary_outcomes.canary_id
)
SELECT config, verdict, score, pass_threshold, metrics, groups, classifications, critical, count(*) AS canaries
FROM metrics_by_canary
GROUP BY ALL
ORDER BY ALL
