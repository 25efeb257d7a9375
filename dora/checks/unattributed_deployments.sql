-- title    = "Production deployments whose commit is unknown, so that nobody can say what they shipped"
-- severity = "warn"
-- next     = "add the repository to [sources.git], or let the pipeline carry the commit"
-- One row is one deployment.
SELECT deployment_id, application, attribution, repository, commit, url
FROM deployments
WHERE took_traffic AND kind NOT IN ('rollback', 'redeploy') AND attribution NOT IN ('commit', 'version', 'restored')
