-- One row is one stretch of an application's time of which no history was seen, up to until (not included). It lies
-- between two stretches that were seen whole (history is missing), or before all of them (since is null: history begins).
-- An application that was first seen after the first run of its source is new: nothing is missing before it.
WITH
runs AS (
  SELECT source, min(as_of) AS first_run FROM landing.load WHERE finished_at IS NOT NULL GROUP BY source
),
stretches AS (
  SELECT
    source,
    application,
    since,
    lag(until) OVER (PARTITION BY source, application ORDER BY since, id) AS seen_until
  FROM landing.coverage
)
SELECT
  s.application,
  s.seen_until AS since,
  s.since AS until,
  CASE WHEN s.seen_until IS NULL THEN 'history begins' ELSE 'history is missing' END AS reason
FROM stretches AS s
INNER JOIN runs ON s.source = runs.source
WHERE s.seen_until < s.since OR (s.seen_until IS NULL AND s.since <= runs.first_run)
