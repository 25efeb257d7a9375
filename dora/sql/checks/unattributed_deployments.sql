-- title    = "Production deployments whose commit is unknown, so that nobody can say what they shipped"
-- severity = "warn"
-- next     = "add the repository to [sources.git], or let the pipeline carry the commit"
-- One row is one deployment, with the share of its application's deployments that are so.
WITH judged AS (
  SELECT *, attribution NOT IN ('commit', 'version', 'restored') AS unattributed
  FROM deployments
  WHERE took_traffic AND kind NOT IN ('rollback', 'redeploy')
),
shared AS (
  SELECT *, avg(CASE WHEN unattributed THEN 1.0 ELSE 0.0 END) OVER (PARTITION BY application) AS share FROM judged
)
SELECT deployment_id, application, attribution, share, repository, commit, url
FROM shared
WHERE unattributed
