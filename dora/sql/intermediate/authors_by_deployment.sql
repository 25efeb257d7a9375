-- One row is one deployment that was the first to ship something: how many changes, and who wrote them.
WITH
batches AS (
  SELECT shipped_by AS deployment_id, min(author) AS first_author, max(author) AS last_author, count(*) AS changes
  FROM changes
  WHERE shipped_by IS NOT NULL AND NOT baseline
  GROUP BY shipped_by
),
crowds AS (
  SELECT DISTINCT c.shipped_by AS deployment_id, c.author
  FROM changes AS c
  INNER JOIN batches AS b ON c.shipped_by = b.deployment_id
  WHERE NOT c.baseline AND b.first_author <> b.last_author AND c.author IS NOT NULL
),
several AS (
  SELECT deployment_id, string_agg(author, ', ' ORDER BY author) AS authors FROM crowds GROUP BY deployment_id
)
SELECT b.deployment_id, b.changes, coalesce(s.authors, b.first_author) AS authors
FROM batches AS b
LEFT JOIN several AS s ON b.deployment_id = s.deployment_id
