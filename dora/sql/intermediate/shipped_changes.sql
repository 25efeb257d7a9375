-- One row is one change that one application has shipped, with the first deployment that did: by reaching the change
-- itself, or picks of it whole, which are all of its commits or the entry on trunk that stands for them.
WITH
shipped AS (
  SELECT s.application, s.repository, s.sha, s.deployment_id, l.turn, s.baseline AND l.sha <> s.sha AS baseline
  FROM shipped_commits AS s
  INNER JOIN lineage AS l ON s.deployment_id = l.deployment_id
),
direct AS (
  SELECT s.*
  FROM shipped AS s
  INNER JOIN included_commits AS b ON s.repository = b.repository AND s.sha = b.sha AND s.sha = b.change_sha
),
picked AS (
  SELECT DISTINCT repository, change_sha FROM cherry_picks
),
plain AS (
  SELECT b.repository, b.change_sha, count(DISTINCT b.sha) AS commits
  FROM picked AS p
  INNER JOIN included_commits AS b ON p.repository = b.repository AND p.change_sha = b.change_sha
  INNER JOIN landing.commit AS c ON b.repository = c.repository AND b.sha = c.sha
  WHERE len(c.parents) < 2
  GROUP BY b.repository, b.change_sha
),
repeated AS (
  SELECT s.application, p.repository, p.change_sha, p.origin, min(s.turn) AS turn, bool_or(s.baseline) AS baseline
  FROM cherry_picks AS p
  INNER JOIN shipped AS s ON p.repository = s.repository AND p.sha = s.sha
  GROUP BY s.application, p.repository, p.change_sha, p.origin
),
wholly AS (
  SELECT
    r.application,
    r.repository,
    r.change_sha AS sha,
    least(
      min(CASE WHEN r.origin = r.change_sha THEN r.turn END),
      CASE WHEN count(*) = min(plain.commits) THEN max(r.turn) END
    ) AS turn,
    bool_and(r.baseline) AS baseline
  FROM repeated AS r
  LEFT JOIN plain ON r.repository = plain.repository AND r.change_sha = plain.change_sha
  GROUP BY r.application, r.repository, r.change_sha
),
whole AS (
  SELECT w.application, w.repository, w.sha, w.turn, l.deployment_id, w.baseline
  FROM wholly AS w
  INNER JOIN lineage AS l ON w.turn = l.turn
)
SELECT
  coalesce(d.application, w.application) AS application,
  coalesce(d.repository, w.repository) AS repository,
  coalesce(d.sha, w.sha) AS sha,
  CASE WHEN d.turn <= w.turn OR w.turn IS NULL THEN d.deployment_id ELSE w.deployment_id END AS deployment_id,
  CASE WHEN d.turn <= w.turn OR w.turn IS NULL THEN d.baseline ELSE w.baseline END AS baseline,
  coalesce(d.turn > w.turn, d.turn IS NULL) AS picked
FROM direct AS d
FULL JOIN whole AS w ON d.application = w.application AND d.repository = w.repository AND d.sha = w.sha
