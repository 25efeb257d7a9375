-- One row is one application of the scope: its deployments (rollbacks and redeploys excluded), the rollbacks that
-- never took traffic, and since when its history is complete and was read as it happened (null: no source records
-- it).
WITH
complete_histories AS (
  SELECT application, max(until) AS complete_since FROM history_gaps GROUP BY application
),
observed_histories AS (
  SELECT deployments.application, min(loads.as_of) AS watched_since
  FROM deployments
  INNER JOIN loads ON deployments.source = loads.source AND loads.finished_at IS NOT NULL
  GROUP BY deployments.application
)
SELECT
  definitions.application,
  count(
    CASE
      WHEN audit_trail.outcome IN ('succeeded', 'failed') AND audit_trail.kind IN ('release', 'hotfix', 'config', 'promotion') THEN 1
    END
  ) AS deployments,
  count(
    CASE WHEN audit_trail.kind = 'rollback' AND audit_trail.outcome NOT IN ('succeeded', 'failed') THEN 1 END
  ) AS attempts,
  min(coalesce(audit_trail.changed_at, audit_trail.happened_at)) AS first_at,
  min(complete_histories.complete_since) AS complete_since,
  min(observed_histories.watched_since) AS watched_since
FROM definitions
LEFT JOIN $audit_trail AS audit_trail ON definitions.application = audit_trail.application
LEFT JOIN complete_histories ON definitions.application = complete_histories.application
LEFT JOIN observed_histories ON definitions.application = observed_histories.application
WHERE ($any_application OR list_contains($applications::VARCHAR[], definitions.application))
GROUP BY definitions.application
ORDER BY definitions.application
