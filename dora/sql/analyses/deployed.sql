-- One row is one application of the scope, what it deployed (rollbacks and redeploys apart), how many rollbacks never took
-- traffic, and since when its history was seen whole and read as it happened (null: no source tells).
WITH
seen AS (
  SELECT application, max(until) AS complete_since FROM history_gaps GROUP BY application
),
watched AS (
  SELECT d.application, min(l.as_of) AS watched_since
  FROM (SELECT DISTINCT source, application FROM deployments) AS d
  INNER JOIN loads AS l ON d.source = l.source AND l.finished_at IS NOT NULL
  GROUP BY d.application
)
SELECT
  f.application,
  coalesce(sum(CASE WHEN d.outcome IN ('succeeded', 'failed') AND d.kind IN ('release', 'hotfix', 'config') THEN 1 END), 0)::BIGINT AS deployments,
  coalesce(sum(CASE WHEN d.kind = 'rollback' AND d.outcome NOT IN ('succeeded', 'failed') THEN 1 END), 0)::BIGINT AS attempts,
  min(coalesce(d.changed_at, d.happened_at)) AS first_at,
  min(seen.complete_since) AS complete_since,
  min(watched.watched_since) AS watched_since
FROM definitions AS f
LEFT JOIN $audit_trail AS d ON f.application = d.application
LEFT JOIN seen ON f.application = seen.application
LEFT JOIN watched ON f.application = watched.application
WHERE list_contains($applications::VARCHAR[], f.application)
GROUP BY f.application
ORDER BY f.application
