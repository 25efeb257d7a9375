-- One row is one deployment that shipped changes first: how many, and their authors.
WITH
batches_of_changes AS (
  SELECT shipped_by AS deployment_id, min(author) AS first_author, max(author) AS last_author, count(*) AS changes
  FROM changes
  WHERE shipped_by IS NOT NULL AND NOT baseline
  GROUP BY shipped_by
),
distinct_authors AS (
  SELECT DISTINCT changes.shipped_by AS deployment_id, changes.author
  FROM changes
  INNER JOIN batches_of_changes ON changes.shipped_by = batches_of_changes.deployment_id
  WHERE
    NOT changes.baseline
    AND batches_of_changes.first_author <> batches_of_changes.last_author
    AND changes.author IS NOT NULL
),
author_lists AS (
  SELECT deployment_id, string_agg(author, ', ' ORDER BY author) AS authors FROM distinct_authors GROUP BY deployment_id
)
SELECT
  batches_of_changes.deployment_id,
  batches_of_changes.changes,
  coalesce(author_lists.authors, batches_of_changes.first_author) AS authors
FROM batches_of_changes
LEFT JOIN author_lists ON batches_of_changes.deployment_id = author_lists.deployment_id
