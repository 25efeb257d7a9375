-- One row is one canary analysis that ran, with its verdict by the thresholds in force and the deployment it analysed.
-- Its last interval decides, with the exact score if the canary service gives one. A passing score without data in some
-- group, and a score of 0 because most metrics had no data, are no verdict but no_data.
--
-- analysis = "Kind of analysis."
WITH
ranked_intervals AS (
  SELECT
    canary_interval.*,
    row_number() OVER (
      PARTITION BY canary_interval.source, canary_interval.canary_id
      ORDER BY canary_interval.started_at IS NULL, canary_interval.started_at DESC, canary_interval.id DESC
    ) AS latest
  FROM landing.canary_interval
  INNER JOIN landing.execution
    ON canary_interval.source = execution.source
    AND canary_interval.execution_id = execution.id
    AND canary_interval.revision = execution.revision
  WHERE canary_interval.status NOT IN ('not_started', 'skipped')
),
judgments_without_data AS (
  SELECT
    source,
    judgment_id,
    avg(CASE WHEN classification = 'nodata' THEN 1.0 ELSE 0.0 END) >= 0.5
    AND NOT bool_or(critical AND classification <> 'pass') AS mostly_empty
  FROM landing.canary_metric
  WHERE NOT muted
  GROUP BY source, judgment_id
),
judged_canaries AS (
  SELECT
    canary.*,
    ranked_intervals.judgment_id,
    ranked_intervals.status AS last_status,
    CASE
      WHEN ranked_intervals.id IS NULL THEN canary.score
      ELSE coalesce(canary_judgment.score, ranked_intervals.score)
    END AS exact_score,
    coalesce(canary.pass_threshold, canary_judgment.pass_threshold, 75) AS passes,
    coalesce(canary.marginal_threshold, canary_judgment.marginal_threshold, 50) AS fails,
    canary_judgment.classification,
    canary_judgment.groups,
    canary_judgment.no_data_groups,
    coalesce(judgments_without_data.mostly_empty, FALSE) AS mostly_empty
  FROM landing.canary
  LEFT JOIN ranked_intervals
    ON canary.source = ranked_intervals.source
    AND canary.id = ranked_intervals.canary_id
    AND ranked_intervals.latest = 1
  LEFT JOIN landing.canary_judgment
    ON ranked_intervals.source = canary_judgment.source
    AND ranked_intervals.judgment_id = canary_judgment.id
  LEFT JOIN judgments_without_data
    ON canary_judgment.source = judgments_without_data.source
    AND canary_judgment.id = judgments_without_data.judgment_id
)
SELECT
  judged_canaries.id AS canary_id,
  judged_canaries.source,
  execution.application,
  execution.root_id,
  deployment_trees.deployment_id,
  deployments.outcome,
  judged_canaries.analysis,
  judged_canaries.config,
  judged_canaries.judgment_id,
  judged_canaries.exact_score AS score,
  judged_canaries.passes AS pass_threshold,
  judged_canaries.fails AS marginal_threshold,
  judged_canaries.intervals,
  judged_canaries.groups,
  judged_canaries.no_data_groups,
  CASE
    WHEN judged_canaries.status = 'running' THEN 'in_progress'
    WHEN
      judged_canaries.status = 'canceled'
      OR (judged_canaries.exact_score IS NULL AND judged_canaries.last_status = 'canceled')
      THEN 'canceled'
    WHEN judged_canaries.classification = 'nodata' THEN 'no_data'
    WHEN judged_canaries.classification = 'error' THEN 'error'
    WHEN
      judged_canaries.exact_score IS NULL
      AND judged_canaries.classification IN ('pass', 'marginal', 'fail')
      THEN judged_canaries.classification
    WHEN judged_canaries.exact_score IS NULL THEN 'error'
    WHEN
      judged_canaries.mostly_empty
      OR (judged_canaries.exact_score > judged_canaries.fails AND judged_canaries.no_data_groups > 0)
      THEN 'no_data'
    WHEN judged_canaries.exact_score >= judged_canaries.passes THEN 'pass'
    WHEN judged_canaries.exact_score > judged_canaries.fails THEN 'marginal'
    ELSE 'fail'
  END AS verdict,
  judged_canaries.started_at,
  judged_canaries.finished_at,
  judged_canaries.reason,
  execution.url
FROM judged_canaries
INNER JOIN landing.execution
  ON judged_canaries.source = execution.source
  AND judged_canaries.execution_id = execution.id
  AND judged_canaries.revision = execution.revision
LEFT JOIN deployment_trees
  ON execution.source = deployment_trees.source
  AND execution.root_id = deployment_trees.root_id
  AND execution.application = deployment_trees.application
LEFT JOIN deployments ON deployment_trees.deployment_id = deployments.deployment_id
WHERE judged_canaries.status NOT IN ('not_started', 'skipped') AND NOT execution.dry_run
