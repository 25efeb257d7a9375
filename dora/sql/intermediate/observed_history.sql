-- One row is one stretch of time in which the deployments of an application were read and the application existed: from
-- its first sign of life on, which is its first execution in any environment, its first trunk change (where it has paths
-- of its own or is alone on its repository) or its first deployment. until is exclusive.
WITH
signs_of_life AS (
  SELECT application, first_at FROM first_executions
  UNION ALL
  SELECT changes.application, min(changes.merged_at) AS first_at
  FROM changes_by_application AS changes
  LEFT JOIN shared_repositories ON changes.repository = shared_repositories.repository
  INNER JOIN definitions ON changes.application = definitions.application
  WHERE
    changes.merge_time_issue IS NULL
    AND (
      shared_repositories.repository IS NULL
      OR definitions.paths IS NOT NULL
      OR changes.applications IS NOT NULL
    )
  GROUP BY changes.application
),
first_signs AS (
  SELECT application, min(first_at) AS first_at
  FROM signs_of_life
  WHERE first_at >= TIMESTAMP '1990-01-01'
  GROUP BY application
),
spans_of_sources AS (
  -- Only the source can say that it was complete before its first row.
  SELECT source_starts.source, coalesce(ends.complete_since, source_starts.first_at) AS since, ends.until
  FROM source_starts
  INNER JOIN (
    SELECT source, max(as_of) AS until, arg_max(complete_since, load_id) AS complete_since
    FROM landing.load
    WHERE finished_at IS NOT NULL
    GROUP BY source
  ) AS ends ON source_starts.source = ends.source
),
read_history AS (
  SELECT DISTINCT
    first_executions.application,
    coalesce(coverage.since, spans_of_sources.since) AS since,
    coalesce(coverage.until, spans_of_sources.until) AS until
  FROM first_executions
  INNER JOIN spans_of_sources ON first_executions.source = spans_of_sources.source
  LEFT JOIN landing.coverage
    ON first_executions.source = coverage.source AND first_executions.read_as = coverage.application
)
SELECT
  read_history.application,
  greatest(read_history.since, first_signs.first_at) AS since,
  -- A deployment at the very end of the data is in it, and so is its day.
  CASE
    WHEN deployments.application IS NULL THEN read_history.until ELSE read_history.until + INTERVAL 1 MICROSECOND
  END AS until
FROM read_history
INNER JOIN first_signs ON read_history.application = first_signs.application
LEFT JOIN (SELECT DISTINCT application, full_traffic_at FROM deployments) AS deployments
  ON read_history.application = deployments.application AND read_history.until = deployments.full_traffic_at
