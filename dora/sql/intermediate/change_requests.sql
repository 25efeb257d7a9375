-- One row is one change whose request its host tells of: by the commit that it became, else by its number.
WITH
told AS (
  SELECT c.repository, c.sha, r.source, r.id, 1 AS rank
  FROM landing.change AS c
  INNER JOIN landing.change_request AS r ON c.repository = r.repository AND c.sha = r.sha
  UNION ALL
  SELECT c.repository, c.sha, r.source, r.id, 2 AS rank
  FROM landing.change AS c
  INNER JOIN landing.change_request AS r ON c.repository = r.repository AND c.change_request = r.number
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY repository, sha ORDER BY rank, source, id) AS place FROM told
)
SELECT
  k.repository,
  k.sha,
  r.number,
  r.opened_at,
  r.first_commit_at,
  r.first_review_at,
  r.approved_at,
  r.labels
FROM ranked AS k
INNER JOIN landing.change_request AS r ON k.source = r.source AND k.id = r.id
WHERE k.place = 1
