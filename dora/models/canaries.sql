-- One row is one canary analysis that ran, with its verdict by the thresholds in force and the deployment it judged.
SELECT
  c.id AS canary_id,
  c.source,
  e.application,
  e.root_id,
  d.deployment_id,
  d.outcome,
  c.analysis,
  c.config,
  c.score,
  c.pass_threshold,
  c.marginal_threshold,
  c.intervals,
  CASE
    WHEN c.status = 'running' THEN 'in_progress'
    WHEN c.status = 'canceled' THEN 'canceled'
    WHEN c.score IS NULL THEN 'error'
    WHEN c.score >= coalesce(c.pass_threshold, 75) THEN 'pass'
    WHEN c.score > coalesce(c.marginal_threshold, 50) THEN 'marginal'
    ELSE 'fail'
  END AS verdict,
  c.started_at,
  c.finished_at,
  c.reason,
  e.url
FROM landing.canary AS c
INNER JOIN landing.execution AS e ON c.source = e.source AND c.execution_id = e.id AND c.revision = e.revision
LEFT JOIN deployments AS d ON e.source = d.source AND e.root_id = d.root_id AND e.application = d.application
WHERE c.status NOT IN ('not_started', 'skipped') AND NOT e.dry_run
