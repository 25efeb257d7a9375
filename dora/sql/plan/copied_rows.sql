-- One row is one part with the number of its rows of repositories that are at home in another part.
WITH sizes AS (
  SELECT repository, count(*) AS rows FROM landing.commit GROUP BY repository
  UNION ALL
  SELECT repository, count(*) FROM landing.change GROUP BY repository
  UNION ALL
  SELECT repository, count(*) FROM landing.change_request GROUP BY repository
  UNION ALL
  SELECT repository, count(*) FROM landing.request_head GROUP BY repository
)
SELECT parts_of_repositories.part, sum(sizes.rows)::BIGINT AS rows
FROM sizes
INNER JOIN parts_of_repositories ON sizes.repository = parts_of_repositories.repository
ANTI JOIN homes_of_repositories
  ON parts_of_repositories.repository = homes_of_repositories.repository
  AND parts_of_repositories.part = homes_of_repositories.part
GROUP BY parts_of_repositories.part
