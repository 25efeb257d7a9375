-- One row is one metric in the judgments that decide canaries: in how many canaries it is, failed, had no data, and what
-- its failure did. It decided if the canary had passed with it alone, together if it had passed with all that failed.
WITH metrics_by_canary AS (
  SELECT
    canary_metrics.metric,
    canary_outcomes.verdict,
    any_value(canary_outcomes.could_pass) AS could_pass,
    bool_or(canary_metrics.failed) AS failed,
    bool_or(canary_metrics.decided) AS decided,
    bool_or(canary_metrics.failed AND canary_metrics.decided IS NULL) AS unknown,
    bool_or(canary_metrics.classification = 'nodata') AS no_data,
    bool_or(canary_metrics.all_zero) AS all_zero
  FROM $canary_outcomes AS canary_outcomes
  INNER JOIN canary_metrics
    ON canary_outcomes.source = canary_metrics.source
    AND canary_outcomes.canary_id = canary_metrics.canary_id
  WHERE
    canary_metrics.decisive
    AND NOT coalesce(canary_metrics.muted, FALSE)
    AND canary_outcomes.verdict IN ('pass', 'marginal', 'fail', 'no_data')
  GROUP BY canary_outcomes.source, canary_outcomes.canary_id, canary_outcomes.verdict, canary_metrics.metric
),
effects AS (
  SELECT
    *,
    CASE
      WHEN NOT failed THEN NULL
      WHEN verdict = 'pass' THEN 'outvoted'
      WHEN verdict = 'no_data' THEN 'no verdict'
      WHEN unknown THEN 'unknown'
      WHEN decided THEN 'decided'
      WHEN could_pass THEN 'together'
    END AS effect
  FROM metrics_by_canary
)
SELECT
  metric,
  count(*) AS canaries,
  count(*) FILTER (failed) AS failed,
  count(*) FILTER (effect = 'decided') AS decided,
  count(*) FILTER (effect = 'together') AS together,
  count(*) FILTER (effect = 'outvoted') AS outvoted,
  count(*) FILTER (effect = 'unknown') AS unknown,
  count(*) FILTER (no_data) AS no_data,
  count(*) FILTER (all_zero) AS all_zero
FROM effects
GROUP BY metric
ORDER BY decided DESC, failed DESC, metric
