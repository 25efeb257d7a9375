-- One row is one stretch of an application's time without landed history, up to until (exclusive). It lies between two
-- covered stretches (history is missing) or before all of them (since is null: history begins). An application that
-- appears after the first run of its source is new: nothing is missing before it.
--
-- unique_key = ["application", "since"]
-- time = "since"
-- example = "SELECT application, since, until, reason FROM history_gaps ORDER BY until DESC"
-- since = "From when; null if nothing was read before."
-- until = "Up to when, not included."
-- reason = "What is missing."
WITH
first_runs AS (
  SELECT source, min(as_of) AS first_run FROM landing.load WHERE finished_at IS NOT NULL GROUP BY source
),
covered_stretches AS (
  SELECT
    source,
    application,
    since,
    lag(until) OVER (PARTITION BY source, application ORDER BY since, id) AS covered_until
  FROM landing.coverage
)
SELECT
  covered_stretches.application,
  covered_stretches.covered_until AS since,
  covered_stretches.since AS until,
  CASE WHEN covered_stretches.covered_until IS NULL THEN 'history begins' ELSE 'history is missing' END AS reason
FROM covered_stretches
INNER JOIN first_runs ON covered_stretches.source = first_runs.source
WHERE
  covered_stretches.covered_until < covered_stretches.since
  OR (covered_stretches.covered_until IS NULL AND covered_stretches.since <= first_runs.first_run)
