-- title     = "Batch size"
-- question  = "How many changes does one deployment bring to production?"
-- unit      = "changes"
-- statistic = "plain_median"
-- better    = "lower"
-- subject   = "deployment"
-- shaped_by = ["paths"]
-- One row is one succeeded deployment of new content, with the changes that it was the first to ship.
WITH batches AS (
  SELECT shipped_by AS deployment_id, count(*) AS changes
  FROM changes
  WHERE shipped_by IS NOT NULL AND cherry_pick_of IS NULL
  GROUP BY shipped_by
)
SELECT
  p.application,
  p.full_traffic_at AS happened_at,
  p.deployment_id AS subject,
  coalesce(b.changes, 0) AS value,
  FALSE AS censored,
  CASE
    WHEN p.kind NOT IN ('release', 'hotfix', 'config') THEN p.kind
    WHEN p.attribution NOT IN ('commit', 'version', 'restored') THEN 'unknown commit'
    WHEN p.previous_id IS NULL THEN 'the first recorded deployment'
  END AS excluded
FROM deployments AS p
LEFT JOIN batches AS b ON p.deployment_id = b.deployment_id
WHERE p.succeeded
