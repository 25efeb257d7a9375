-- One row is one metric of one judgment of a canary analysis; decisive marks the last judgment, which decides the
-- verdict.
--
-- unique_key = ["source", "metric_id"]
-- time = "judged_at"
-- example = "SELECT metric, count(*) FILTER (failed) AS failed, count(*) AS judged FROM canary_metrics WHERE decisive GROUP BY ALL ORDER BY failed DESC"
-- groups = "Groups that the metric belongs to."
-- reason = "What the canary service said about the metric, in its words."
-- metric_id = "Id of the metric result."
-- decisive = "It belongs to the judgment that decides the verdict."
-- judged_at = "When it was judged."
-- provider = "Source of the measurements."
-- classification = "Result of the metric: pass, high, low, nodata, error and so on."
-- critical = "Its failure alone fails the analysis."
-- failed = "It lowered the score; without data it does so only if it must have some."
-- decided = "Had it alone passed, the analysis would have passed; null if the weights of the groups are not known."
-- all_zero = "Every value is 0 where missing values count as 0: it may have had no data."
-- muted = "It does not count."
-- ratio = "Experiment mean divided by baseline mean."
-- baseline_mean = "Mean of the baseline."
-- baseline_count = "Number of baseline values."
-- experiment_mean = "Mean of the experiment."
-- experiment_count = "Number of experiment values."
WITH results AS (
  SELECT
    canary_metric.*,
    NOT coalesce(canary_metric.muted, FALSE)
    AND coalesce(
      canary_metric.failed_critically OR canary_metric.classification NOT IN ('pass', 'nodata', 'error'), FALSE
    ) AS failed
  FROM landing.canary_metric
)
SELECT
  results.source,
  results.id AS metric_id,
  canaries.canary_id,
  canaries.application,
  canaries.root_id,
  canaries.deployment_id,
  canaries.verdict,
  results.judgment_id,
  coalesce(canaries.judgment_id = results.judgment_id, FALSE) AS decisive,
  coalesce(canary_judgment.finished_at, analysed_intervals.finished_at) AS judged_at,
  results.metric,
  array_to_string(results.groups, ', ') AS groups,
  results.provider,
  results.classification,
  results.reason,
  results.critical,
  results.muted,
  results.failed,
  CASE
    WHEN NOT results.failed OR canaries.verdict NOT IN ('marginal', 'fail') THEN FALSE
    WHEN canaries.analysis = 'standalone' THEN results.score_if_passed >= canaries.pass_threshold
    ELSE trunc(results.score_if_passed) >= canaries.pass_threshold
  END AS decided,
  coalesce(results.all_zero, FALSE) AS all_zero,
  results.ratio,
  results.baseline_mean,
  results.baseline_count,
  results.experiment_mean,
  results.experiment_count
FROM results
INNER JOIN landing.canary_judgment
  ON results.source = canary_judgment.source
  AND results.judgment_id = canary_judgment.id
INNER JOIN analysed_intervals
  ON results.source = analysed_intervals.source
  AND results.judgment_id = analysed_intervals.judgment_id
INNER JOIN canaries
  ON analysed_intervals.source = canaries.source
  AND analysed_intervals.canary_id = canaries.canary_id
