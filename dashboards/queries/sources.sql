-- One row is one source: its last run, the end of its data, and its partial failures.
WITH ranked_loads AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY source ORDER BY started_at DESC, load_id DESC) AS place,
    count(*) OVER (PARTITION BY source) AS runs,
    max(as_of) OVER (PARTITION BY source) AS known_to
  FROM loads
)
SELECT
  source,
  started_at,
  finished_at,
  known_to AS as_of,
  epoch(finished_at - started_at) / 60 AS minutes,
  documents,
  quarantined,
  runs,
  array_to_string(partial_failures, '; ') AS partial_failures
FROM ranked_loads
WHERE place = 1
ORDER BY source
