-- One row is one deployed commit with its place (G3): on trunk, the head of a request that was merged, of the same files
-- as a trunk commit, part of a change that was merged, or off trunk, where it ships only what it reaches.
SELECT
  contents.repository,
  contents.sha,
  CASE
    WHEN bool_or(included_commits.sha = included_commits.change_sha) THEN 'on trunk'
    WHEN count(request_changes.sha) > 0 THEN 'head of a request'
    WHEN count(stand_in_commits.sha) > 0 THEN 'same files'
    WHEN count(included_commits.sha) > 0 THEN 'part of a change'
    ELSE 'off trunk'
  END AS place
FROM (SELECT DISTINCT repository, sha FROM deployment_contents WHERE sha IS NOT NULL) AS contents
LEFT JOIN included_commits ON contents.repository = included_commits.repository AND contents.sha = included_commits.sha
LEFT JOIN request_changes ON contents.repository = request_changes.repository AND contents.sha = request_changes.sha
LEFT JOIN stand_in_commits
  ON contents.repository = stand_in_commits.repository AND contents.sha = stand_in_commits.sha
GROUP BY contents.repository, contents.sha
