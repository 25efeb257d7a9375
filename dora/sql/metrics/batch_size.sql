-- title     = "Batch size"
-- question  = "How many changes does one deployment ship?"
-- unit      = "changes"
-- statistic = "plain_median"
-- better    = "lower"
-- subject   = "deployment"
-- by_commit = true
-- shaped_by = ["paths"]
-- One row is one succeeded deployment of new content, with the changes that it shipped first.
WITH batches_of_changes AS (
  SELECT shipped_by AS deployment_id, count(*) AS changes
  FROM changes
  WHERE shipped_by IS NOT NULL AND cherry_pick_of IS NULL
  GROUP BY shipped_by
)
SELECT
  deployments.application,
  deployments.full_traffic_at AS happened_at,
  deployments.deployment_id AS subject,
  coalesce(batches_of_changes.changes, 0) AS value,
  FALSE AS censored,
  CASE
    WHEN deployments.kind NOT IN ('release', 'hotfix', 'config') THEN deployments.kind
    WHEN deployments.attribution NOT IN ('commit', 'tag', 'version', 'restored') THEN 'unknown commit'
    WHEN deployments.previous_id IS NULL THEN 'the first recorded deployment'
  END AS excluded
FROM deployments
LEFT JOIN batches_of_changes ON deployments.deployment_id = batches_of_changes.deployment_id
WHERE deployments.succeeded
