-- One row is one repository with the number of its commits.
WITH names AS (
  SELECT repository, 1 AS commits FROM landing.commit
  UNION ALL
  SELECT repository, 0 FROM landing.change
  UNION ALL
  SELECT repository, 0 FROM landing.change_request
  UNION ALL
  SELECT repository, 0 FROM landing.request_head
)
SELECT repository, sum(commits)::BIGINT AS commits
FROM names
GROUP BY repository
ORDER BY repository
