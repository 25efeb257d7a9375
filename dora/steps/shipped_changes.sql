-- One row is one change that one application has shipped, with the first deployment that did: by reaching the change
-- itself, or picks of it whole, which are all of its commits or the entry on trunk that stands for them.
WITH
turns AS (
  SELECT application, deployment_id, row_number() OVER (PARTITION BY application ORDER BY traffic_at, deployment_id) AS turn
  FROM attempts
  WHERE took_traffic
),
shipped AS (
  SELECT s.application, s.repository, s.sha, s.deployment_id, t.turn, s.baseline AND l.sha <> s.sha AS baseline
  FROM shipped_commits AS s
  INNER JOIN turns AS t ON s.deployment_id = t.deployment_id
  INNER JOIN lineage AS l ON s.deployment_id = l.deployment_id
),
plain AS (
  SELECT b.repository, b.change_sha, count(DISTINCT b.sha) AS commits
  FROM brought AS b
  INNER JOIN landing.commit AS c ON b.repository = c.repository AND b.sha = c.sha
  WHERE len(c.parents) < 2
  GROUP BY b.repository, b.change_sha
),
repeated AS (
  SELECT s.application, p.repository, p.change_sha, p.origin, min(s.turn) AS turn, bool_or(s.baseline) AS baseline
  FROM picks AS p
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
ways AS (
  SELECT s.application, s.repository, s.sha, s.turn, s.baseline, FALSE AS picked
  FROM shipped AS s
  INNER JOIN brought AS b ON s.repository = b.repository AND s.sha = b.sha AND s.sha = b.change_sha
  UNION ALL
  SELECT application, repository, sha, turn, baseline, TRUE AS picked FROM wholly WHERE turn IS NOT NULL
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY application, repository, sha ORDER BY turn, picked) AS place FROM ways
)
SELECT w.application, w.repository, w.sha, t.deployment_id, w.baseline, w.picked
FROM ranked AS w
INNER JOIN turns AS t ON w.application = t.application AND w.turn = t.turn
WHERE w.place = 1
