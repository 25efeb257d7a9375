-- One row is one commit that repeats one of another line's changes, by the commit at the root of its chain of picks.
-- What is picked back onto the line that it was picked from is new there: it came again after a revert.
WITH RECURSIVE
copies AS (
  SELECT c.repository, c.sha, min(c.picked_from) AS origin
  FROM landing.commit AS c
  INNER JOIN brought AS b ON c.repository = b.repository AND c.picked_from = b.sha
  WHERE c.picked_from <> c.sha
  GROUP BY c.repository, c.sha
),
chains AS (
  SELECT repository, sha, origin FROM copies
  UNION
  SELECT s.repository, s.sha, c.origin
  FROM chains AS s
  INNER JOIN copies AS c ON s.repository = c.repository AND s.origin = c.sha
),
branches AS (
  SELECT b.repository, b.sha, b.change_sha, min(c.branch) AS branch
  FROM brought AS b
  INNER JOIN landing.change AS c ON b.repository = c.repository AND b.change_sha = c.sha
  WHERE c.on_trunk
  GROUP BY b.repository, b.sha, b.change_sha
)
SELECT s.repository, s.sha, s.origin, o.change_sha
FROM chains AS s
LEFT JOIN copies AS further ON s.repository = further.repository AND s.origin = further.sha
INNER JOIN branches AS o ON s.repository = o.repository AND s.origin = o.sha
LEFT JOIN branches AS p ON s.repository = p.repository AND s.sha = p.sha
WHERE further.sha IS NULL AND (p.sha IS NULL OR p.branch <> o.branch)
