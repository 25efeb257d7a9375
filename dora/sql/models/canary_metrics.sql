-- One row is one metric of one judgment of a canary analysis; decisive marks the last judgment, which decides the
-- verdict.
--
-- metric_id = "Id of the metric result."
-- decisive = "It belongs to the judgment that decides the verdict."
-- judged_at = "When it was judged."
-- provider = "Source of the measurements."
-- classification = "Result of the metric: pass, high, low, nodata, error and so on."
-- critical = "Its failure fails the analysis."
-- muted = "It does not count."
-- ratio = "Experiment mean divided by baseline mean."
-- baseline_mean = "Mean of the baseline."
-- baseline_count = "Number of baseline values."
-- experiment_mean = "Mean of the experiment."
-- experiment_count = "Number of experiment values."
SELECT
  canary_metric.source,
  canary_metric.id AS metric_id,
  canaries.canary_id,
  canaries.application,
  canaries.root_id,
  canaries.deployment_id,
  canaries.verdict,
  canary_metric.judgment_id,
  coalesce(canaries.judgment_id = canary_metric.judgment_id, FALSE) AS decisive,
  coalesce(canary_judgment.finished_at, canary_interval.finished_at) AS judged_at,
  canary_metric.metric,
  canary_metric.groups,
  canary_metric.provider,
  canary_metric.classification,
  canary_metric.reason,
  canary_metric.critical,
  canary_metric.muted,
  canary_metric.ratio,
  canary_metric.baseline_mean,
  canary_metric.baseline_count,
  canary_metric.experiment_mean,
  canary_metric.experiment_count
FROM landing.canary_metric
INNER JOIN landing.canary_judgment
  ON canary_metric.source = canary_judgment.source
  AND canary_metric.judgment_id = canary_judgment.id
INNER JOIN landing.canary_interval
  ON canary_metric.source = canary_interval.source
  AND canary_metric.judgment_id = canary_interval.judgment_id
INNER JOIN landing.execution
  ON canary_interval.source = execution.source
  AND canary_interval.execution_id = execution.id
  AND canary_interval.revision = execution.revision
INNER JOIN canaries ON canary_interval.source = canaries.source AND canary_interval.canary_id = canaries.canary_id
