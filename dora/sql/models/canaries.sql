-- One row is one canary analysis that ran, with its verdict by the thresholds in force and the deployment it analysed.
-- Its last interval decides; a restart of its stage is another analysis. A passing score without data in some group,
-- and a score of 0 because most metrics had no data or all are muted, are no verdict but no_data.
--
-- unique_key = ["source", "canary_id"]
-- time = "started_at"
-- example = "SELECT verdict, count(*) AS canaries, avg(score) AS mean_score FROM canaries GROUP BY ALL ORDER BY canaries DESC"
-- groups = "Number of groups of metrics."
-- outcome = "How the deployment that it analysed ended, as in deployments."
-- reason = "What the canary service said, in its words."
-- analysis = "Kind of analysis."
SELECT
  judged_canaries.canary_id,
  judged_canaries.source,
  coalesce(execution.application, judged_canaries.application) AS application,
  coalesce(execution.root_id, judged_canaries.execution_id) AS root_id,
  deployment_trees.deployment_id,
  deployments.outcome,
  judged_canaries.analysis,
  judged_canaries.config,
  judged_canaries.judgment_id,
  judged_canaries.score,
  judged_canaries.passes AS pass_threshold,
  judged_canaries.fails AS marginal_threshold,
  judged_canaries.intervals,
  judged_canaries.groups,
  judged_canaries.no_data_groups,
  judged_canaries.verdict,
  judged_canaries.could_pass,
  judged_canaries.unread_judgment,
  judged_canaries.started_at,
  judged_canaries.finished_at,
  CASE
    WHEN judged_canaries.verdict = 'no_data' AND judged_canaries.metrics = 0 THEN 'All metrics are muted.'
    WHEN judged_canaries.verdict = 'no_data' AND judged_canaries.no_data_groups > 0
      THEN 'No data in ' || judged_canaries.no_data_groups || ' of ' || judged_canaries.groups || ' metric groups.'
    WHEN judged_canaries.verdict = 'canceled' THEN coalesce(judged_canaries.reason, execution.reason)
    ELSE coalesce(judged_canaries.judged_reason, judged_canaries.reason)
  END AS reason,
  judged_canaries.restarted_by,
  execution.url
FROM judged_canaries
LEFT JOIN landing.execution
  ON judged_canaries.source = execution.source
  AND judged_canaries.execution_id = execution.id
LEFT JOIN deployment_trees
  ON execution.source = deployment_trees.source
  AND execution.root_id = deployment_trees.root_id
  AND execution.application = deployment_trees.application
  AND deployment_trees.is_first
LEFT JOIN deployments ON deployment_trees.deployment_id = deployments.deployment_id
-- A dry run of a server that allows none analyses as any other; else its analysis has no score.
WHERE
  (judged_canaries.score IS NOT NULL OR NOT coalesce(execution.dry_run, FALSE))
  AND coalesce(execution.application, judged_canaries.application) IS NOT NULL
