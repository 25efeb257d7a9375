-- One row is one deployment of new content that took traffic, with what is known of its commits (G4).
--
-- unique_key = ["deployment_id"]
-- time = "traffic_at"
-- example = "SELECT place, count(*) AS deployments FROM deployed_commits GROUP BY ALL ORDER BY deployments DESC"
-- attribution = "How the commit is known: commit, tag, version, restored, or why it is not."
-- traffic_at = "When it served: full traffic, else first."
-- place = "Where its commit is: on trunk, head of a request, same files, part of a change, off trunk, or unknown."
-- is_unknown = "A commit of its content is unknown, and so are the changes that it shipped."
-- is_off_trunk = "A commit of its content is neither on trunk nor does a trunk commit stand for it."
SELECT
  deployments.deployment_id,
  deployments.application,
  min(coalesce(contents.repository, deployments.repository)) AS repository,
  deployments.commit,
  deployments.attribution,
  min(coalesce(commit_places.place, 'unknown')) AS place,
  bool_or(contents.sha IS NULL) AS is_unknown,
  bool_or(coalesce(commit_places.place = 'off trunk', FALSE)) AS is_off_trunk,
  deployments.traffic_at,
  deployments.url
FROM deployments
INNER JOIN deployment_contents AS contents ON deployments.deployment_id = contents.deployment_id
LEFT JOIN commit_places ON contents.repository = commit_places.repository AND contents.sha = commit_places.sha
WHERE deployments.took_traffic AND deployments.content_change = 'new'
GROUP BY
  deployments.deployment_id,
  deployments.application,
  deployments.commit,
  deployments.attribution,
  deployments.traffic_at,
  deployments.url
