-- One row is one canary analysis that ran, with its verdict by the thresholds in force and the deployment it judged.
-- Its last interval decides, with the exact score where the canary service told it. A score that lets pass though a
-- group had no data, and one of 0 that only says that most metrics had none, is no verdict but no_data.
WITH
ran AS (
  SELECT
    i.*,
    row_number() OVER (
      PARTITION BY i.source, i.canary_id ORDER BY i.started_at IS NULL, i.started_at DESC, i.id DESC
    ) AS latest
  FROM landing.canary_interval AS i
  INNER JOIN landing.execution AS e ON i.source = e.source AND i.execution_id = e.id AND i.revision = e.revision
  WHERE i.status NOT IN ('not_started', 'skipped')
),
emptiness AS (
  SELECT
    source,
    judgment_id,
    avg(CASE WHEN classification = 'nodata' THEN 1.0 ELSE 0.0 END) >= 0.5
    AND NOT bool_or(critical AND classification <> 'pass') AS mostly_empty
  FROM landing.canary_metric
  WHERE NOT muted
  GROUP BY source, judgment_id
),
judged AS (
  SELECT
    c.*,
    r.judgment_id,
    r.status AS last_status,
    CASE WHEN r.id IS NULL THEN c.score ELSE coalesce(j.score, r.score) END AS exact_score,
    coalesce(c.pass_threshold, j.pass_threshold, 75) AS passes,
    coalesce(c.marginal_threshold, j.marginal_threshold, 50) AS fails,
    j.classification,
    j.groups,
    j.no_data_groups,
    coalesce(m.mostly_empty, FALSE) AS mostly_empty
  FROM landing.canary AS c
  LEFT JOIN ran AS r ON c.source = r.source AND c.id = r.canary_id AND r.latest = 1
  LEFT JOIN landing.canary_judgment AS j ON r.source = j.source AND r.judgment_id = j.id
  LEFT JOIN emptiness AS m ON j.source = m.source AND j.id = m.judgment_id
)
SELECT
  j.id AS canary_id,
  j.source,
  e.application,
  e.root_id,
  d.deployment_id,
  d.outcome,
  j.analysis,
  j.config,
  j.judgment_id,
  j.exact_score AS score,
  j.passes AS pass_threshold,
  j.fails AS marginal_threshold,
  j.intervals,
  j.groups,
  j.no_data_groups,
  CASE
    WHEN j.status = 'running' THEN 'in_progress'
    WHEN j.status = 'canceled' OR (j.exact_score IS NULL AND j.last_status = 'canceled') THEN 'canceled'
    WHEN j.classification IN ('nodata', 'error') THEN replace(j.classification, 'nodata', 'no_data')
    WHEN j.exact_score IS NULL AND j.classification IN ('pass', 'marginal', 'fail') THEN j.classification
    WHEN j.exact_score IS NULL THEN 'error'
    WHEN j.mostly_empty OR (j.exact_score > j.fails AND j.no_data_groups > 0) THEN 'no_data'
    WHEN j.exact_score >= j.passes THEN 'pass'
    WHEN j.exact_score > j.fails THEN 'marginal'
    ELSE 'fail'
  END AS verdict,
  j.started_at,
  j.finished_at,
  j.reason,
  e.url
FROM judged AS j
INNER JOIN landing.execution AS e ON j.source = e.source AND j.execution_id = e.id AND j.revision = e.revision
LEFT JOIN deployments AS d ON e.source = d.source AND e.root_id = d.root_id AND e.application = d.application
WHERE j.status NOT IN ('not_started', 'skipped') AND NOT e.dry_run
