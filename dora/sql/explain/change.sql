-- One row is one observation about a change of one application (or a commit of it), with the commits that it brought, from the first to
-- its own (all of them stand in included_commits), and the deployment that shipped it.
SELECT
  o.application,
  o.team,
  o.happened_at,
  o.value,
  o.censored AS pending,
  o.excluded,
  c.repository,
  first.sha AS first_commit,
  c.sha,
  own.position AS commits,
  c.change_request,
  c.author,
  c.subject,
  c.merged_at,
  p.full_traffic_at,
  c.shipped_by AS deployment,
  p.url
FROM $observations AS o
LEFT JOIN included_commits AS b ON o.subject = b.repository || '@' || b.sha
INNER JOIN changes AS c
  ON o.application = c.application AND c.change_id = coalesce(b.repository || '@' || b.change_sha, o.subject)
LEFT JOIN included_commits AS first ON c.repository = first.repository AND c.sha = first.change_sha AND first.position = 1
LEFT JOIN included_commits AS own ON c.repository = own.repository AND c.sha = own.change_sha AND c.sha = own.sha
LEFT JOIN deployments AS p ON c.shipped_by = p.deployment_id
ORDER BY o.happened_at DESC, o.subject, o.application
