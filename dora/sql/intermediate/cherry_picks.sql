-- One row is one commit that repeats one of another line's changes, by the commit at the root of its chain of picks.
-- What is picked back onto the line that it was picked from is new there: it came again after a revert.
-- Where the commit that was picked is on no line (a fix of a branch that nobody configured, an entry of a trunk that was
-- rewritten), it is the one that repeats what came of it: whoever shipped it shipped that.
WITH RECURSIVE
copies AS (
  SELECT c.repository, c.sha, min(c.picked_from) AS origin
  FROM landing.commit AS c
  INNER JOIN included_commits AS b ON c.repository = b.repository AND c.picked_from = b.sha
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
apart AS (
  SELECT c.repository, c.sha, c.picked_from
  FROM landing.commit AS c
  LEFT JOIN included_commits AS b ON c.repository = b.repository AND c.picked_from = b.sha
  WHERE c.picked_from <> c.sha AND b.sha IS NULL
),
past AS (
  SELECT a.repository, a.picked_from AS sha, a.sha AS origin
  FROM apart AS a
  INNER JOIN included_commits AS b ON a.repository = b.repository AND a.sha = b.sha
  UNION
  SELECT p.repository, a.picked_from AS sha, p.origin
  FROM past AS p
  INNER JOIN apart AS a ON p.repository = a.repository AND p.sha = a.sha
),
wanted AS (
  SELECT repository, sha FROM chains
  UNION
  SELECT repository, origin FROM chains
  UNION
  SELECT repository, origin FROM past
),
branches AS (
  SELECT b.repository, b.sha, b.change_sha, min(c.branch) AS branch
  FROM wanted AS w
  INNER JOIN included_commits AS b ON w.repository = b.repository AND w.sha = b.sha
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
UNION
SELECT p.repository, p.sha, p.origin, o.change_sha
FROM past AS p
INNER JOIN branches AS o ON p.repository = o.repository AND p.origin = o.sha
