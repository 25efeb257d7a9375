-- One row is one canary analysis with its verdict, as the pipeline gives it: by the score of its last interval, truncated, and
-- the thresholds in force. A passing score without data in some group, a score of 0 because most metrics had no data,
-- and one that all metrics are muted for, are no verdict but no_data.
WITH
analyses AS (
  SELECT
    canary.source,
    canary.id AS canary_id,
    canary.execution_id,
    canary.application,
    canary.analysis,
    canary.config,
    canary.score,
    canary.pass_threshold,
    canary.marginal_threshold,
    canary.intervals,
    canary.status,
    canary.started_at,
    canary.finished_at,
    canary.reason,
    canary.restarted_by,
    FALSE AS replaced
  FROM landing.canary
  LEFT JOIN landing.execution
    ON canary.source = execution.source
    AND canary.execution_id = execution.id
    AND canary.revision = execution.revision
  WHERE execution.id IS NOT NULL OR canary.analysis = 'standalone'
  UNION ALL
  SELECT
    canary.source,
    analysed_intervals.canary_id,
    canary.execution_id,
    canary.application,
    canary.analysis,
    canary.config,
    analysed_intervals.score,
    canary.pass_threshold,
    canary.marginal_threshold,
    analysed_intervals.scores AS intervals,
    analysed_intervals.status,
    analysed_intervals.analysis_started_at AS started_at,
    analysed_intervals.analysis_finished_at AS finished_at,
    analysed_intervals.reason,
    NULL AS restarted_by,
    TRUE AS replaced
  FROM analysed_intervals
  INNER JOIN landing.canary
    ON analysed_intervals.source = canary.source
    AND analysed_intervals.stage_id = canary.id
  WHERE analysed_intervals.replaced AND analysed_intervals.latest = 1
),
judgments_without_data AS (
  SELECT
    source,
    judgment_id,
    avg(CASE WHEN classification = 'nodata' THEN 1.0 ELSE 0.0 END) >= 0.5
    AND NOT coalesce(bool_or(failed_critically), FALSE)
    AS mostly_empty
  FROM landing.canary_metric
  WHERE NOT coalesce(muted, FALSE)
  GROUP BY source, judgment_id
),
judged_analyses AS (
  SELECT
    analyses.*,
    last_intervals.judgment_id,
    canary_judgment.config AS judged_config,
    canary_judgment.config_id,
    canary_judgment.classification,
    canary_judgment.reason AS judged_reason,
    canary_judgment.best_score,
    canary_judgment.groups,
    canary_judgment.no_data_groups,
    canary_judgment.metrics,
    coalesce(judgments_without_data.mostly_empty, FALSE) OR coalesce(canary_judgment.metrics = 0, FALSE) AS unmeasured,
    coalesce(analyses.pass_threshold, canary_judgment.pass_threshold, 75) AS passes,
    coalesce(analyses.marginal_threshold, canary_judgment.marginal_threshold, 50) AS fails,
    coalesce(analyses.analysis NOT IN ('legacy', 'standalone'), TRUE) AS truncated,
    coalesce(
      analyses.status = 'canceled'
      OR canary_judgment.status = 'canceled'
      OR (last_intervals.score IS NULL AND last_intervals.status = 'canceled'),
      FALSE
    ) AS canceled,
    -- What the pipeline ended before it had a score, it did not judge, whatever the service came to afterwards.
    last_intervals.status = 'failed' AND last_intervals.score IS NULL AS ended_without_score,
    CASE WHEN last_intervals.interval_id IS NULL THEN analyses.score ELSE last_intervals.score END AS read_score,
    CASE
      WHEN last_intervals.interval_id IS NOT NULL THEN coalesce(canary_judgment.score, last_intervals.score)
      ELSE analyses.score
    END AS exact_score,
    canary_judgment.id IS NULL AS unread_judgment
  FROM analyses
  LEFT JOIN analysed_intervals AS last_intervals
    ON analyses.source = last_intervals.source
    AND analyses.canary_id = last_intervals.canary_id
    AND last_intervals.latest = 1
  LEFT JOIN landing.canary_judgment
    ON last_intervals.source = canary_judgment.source
    AND last_intervals.judgment_id = canary_judgment.id
  LEFT JOIN judgments_without_data
    ON canary_judgment.source = judgments_without_data.source
    AND canary_judgment.id = judgments_without_data.judgment_id
),
verdicts AS (
  SELECT
    judged_analyses.* EXCLUDE (config),
    coalesce(canary_config_names.name, judged_analyses.judged_config, judged_analyses.config) AS config,
    CASE WHEN truncated THEN trunc(exact_score) ELSE exact_score END AS deciding_score
  FROM judged_analyses
  LEFT JOIN canary_config_names
    ON judged_analyses.source = canary_config_names.source
    AND coalesce(judged_analyses.config_id, judged_analyses.config) = canary_config_names.config_id
)
SELECT
  * EXCLUDE (score, classification, exact_score, unread_judgment),
  CASE
    WHEN status = 'running' THEN 'in_progress'
    WHEN canceled THEN 'canceled'
    WHEN classification = 'nodata' THEN 'no_data'
    WHEN classification = 'error' THEN 'error'
    WHEN exact_score IS NULL AND classification IN ('pass', 'marginal', 'fail') THEN classification
    WHEN exact_score IS NULL OR (ended_without_score AND truncated) THEN 'error'
    WHEN unmeasured OR (deciding_score > fails AND no_data_groups > 0) THEN 'no_data'
    WHEN deciding_score >= passes THEN 'pass'
    WHEN deciding_score > fails THEN 'marginal'
    ELSE 'fail'
  END AS verdict,
  CASE WHEN NOT canceled AND NOT coalesce(ended_without_score AND truncated, FALSE) THEN exact_score END AS score,
  CASE WHEN truncated THEN trunc(best_score) ELSE best_score END >= passes AS could_pass,
  unread_judgment AND NOT canceled AND exact_score IS NOT NULL AS unread_judgment
FROM verdicts
WHERE status NOT IN ('not_started', 'skipped')
