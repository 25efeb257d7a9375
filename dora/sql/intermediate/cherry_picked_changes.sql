-- One row is one change that brought nothing but picks of other changes: those count, and it does not.
WITH
candidates AS (
  SELECT DISTINCT b.repository, b.change_sha
  FROM cherry_picks AS p
  INNER JOIN included_commits AS b ON p.repository = b.repository AND p.sha = b.sha
),
plain AS (
  SELECT DISTINCT b.repository, b.change_sha, b.sha
  FROM candidates AS k
  INNER JOIN included_commits AS b ON k.repository = b.repository AND k.change_sha = b.change_sha
  INNER JOIN landing.commit AS c ON b.repository = c.repository AND b.sha = c.sha
  WHERE len(c.parents) < 2
)
SELECT b.repository, b.change_sha AS sha, min(p.change_sha) AS origin_sha
FROM plain AS b
LEFT JOIN cherry_picks AS p ON b.repository = p.repository AND b.sha = p.sha
GROUP BY b.repository, b.change_sha
HAVING bool_and(p.sha IS NOT NULL)
