-- One row is one observation of a change (or of one of its commits), with its first and last commit (included_commits
-- has all of them) and the deployment that shipped it.
SELECT
  observations.application,
  observations.team,
  observations.happened_at,
  observations.value,
  observations.censored AS pending,
  observations.excluded,
  changes.repository,
  first_commits.sha AS first_commit,
  changes.sha,
  last_commits.position AS commits,
  changes.change_request,
  changes.author,
  changes.subject,
  changes.merged_at,
  deployments.full_traffic_at,
  changes.shipped_by AS deployment,
  deployments.url
FROM $observations AS observations
LEFT JOIN included_commits AS selected_commits
  ON observations.subject = selected_commits.repository || '@' || selected_commits.sha
INNER JOIN changes
  ON observations.application = changes.application
  AND changes.change_id = coalesce(
    selected_commits.repository || '@' || selected_commits.change_sha,
    observations.subject
  )
LEFT JOIN included_commits AS first_commits
  ON changes.repository = first_commits.repository
  AND changes.sha = first_commits.change_sha
  AND first_commits.position = 1
LEFT JOIN included_commits AS last_commits
  ON changes.repository = last_commits.repository
  AND changes.sha = last_commits.change_sha
  AND changes.sha = last_commits.sha
LEFT JOIN deployments ON changes.shipped_by = deployments.deployment_id
ORDER BY observations.happened_at DESC, observations.subject, observations.application
