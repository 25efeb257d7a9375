-- title    = "Production deployments whose commit is unknown, so that the changes they shipped are unknown too"
-- severity = "warn"
-- next     = "add the repository to [sources.git], or let the pipeline pass the commit on"
-- One row is one deployment, with the share of unattributed deployments of its application.
WITH attributed_deployments AS (
  SELECT *, attribution NOT IN ('commit', 'tag', 'version', 'restored') AS unattributed
  FROM deployments
  WHERE took_traffic AND kind NOT IN ('rollback', 'redeploy')
),
application_shares AS (
  SELECT
    *,
    avg(CASE WHEN unattributed THEN 1.0 ELSE 0.0 END) OVER (PARTITION BY application) AS share
  FROM attributed_deployments
)
SELECT deployment_id, application, attribution, share, repository, commit, url
FROM application_shares
WHERE unattributed
