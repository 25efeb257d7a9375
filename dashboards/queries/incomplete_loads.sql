-- One row is one source whose last run did not finish, or had partial failures.
WITH ranked_loads AS (
  SELECT *, row_number() OVER (PARTITION BY source ORDER BY started_at DESC, load_id DESC) AS place FROM loads
)
SELECT source, finished_at, array_to_string(partial_failures, '; ') AS partial_failures
FROM ranked_loads
WHERE place = 1 AND (finished_at IS NULL OR len(ranked_loads.partial_failures) > 0)
ORDER BY source
