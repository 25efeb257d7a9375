-- One row is one change that brought nothing but picks of other changes: those count, and it does not.
WITH plain AS (
  SELECT DISTINCT b.repository, b.change_sha, b.sha
  FROM brought AS b
  INNER JOIN landing.commit AS c ON b.repository = c.repository AND b.sha = c.sha
  WHERE len(c.parents) < 2
)
SELECT b.repository, b.change_sha AS sha, min(p.change_sha) AS origin_sha
FROM plain AS b
LEFT JOIN picks AS p ON b.repository = p.repository AND b.sha = p.sha
GROUP BY b.repository, b.change_sha
HAVING bool_and(p.sha IS NOT NULL)
