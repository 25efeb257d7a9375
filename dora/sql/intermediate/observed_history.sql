-- One row is one stretch of time in which the deployments of an application were read and the application existed: from
-- its first sign of life on, which is its first execution in any environment, its first trunk change (where it has paths
-- of its own or is alone on its repository) or its first deployment. until is exclusive.
WITH
execution_times AS (
  SELECT
    source,
    id,
    application,
    CASE
      WHEN coalesce(queued_at, started_at, finished_at) >= TIMESTAMP '1990-01-01'
        THEN coalesce(queued_at, started_at, finished_at)
    END AS happened_at
  FROM landing.execution
),
first_executions AS (  -- read_as is the application whose history shows those of another
  SELECT source, application, application AS read_as, min(happened_at) AS first_at
  FROM execution_times
  GROUP BY ALL
  UNION ALL
  SELECT rollout.source, rollout.application, execution_times.application AS read_as, min(execution_times.happened_at)
  FROM landing.rollout
  INNER JOIN execution_times ON rollout.source = execution_times.source AND rollout.execution_id = execution_times.id
  GROUP BY ALL
  UNION ALL
  SELECT
    deployments.source,
    deployments.application,
    execution_times.application AS read_as,
    min(least(deployments.started_at, deployments.first_traffic_at, deployments.full_traffic_at))
  FROM deployments
  INNER JOIN execution_times
    ON deployments.source = execution_times.source AND deployments.root_id = execution_times.id
  GROUP BY ALL
),
applications_by_repository AS (
  SELECT repository, count(DISTINCT application) AS applications FROM changes_by_application GROUP BY repository
),
signs_of_life AS (
  SELECT application, first_at FROM first_executions
  UNION ALL
  SELECT changes.application, min(changes.merged_at) AS first_at
  FROM changes_by_application AS changes
  INNER JOIN applications_by_repository ON changes.repository = applications_by_repository.repository
  INNER JOIN definitions ON changes.application = definitions.application
  WHERE
    changes.merge_time_issue IS NULL
    AND (
      applications_by_repository.applications = 1
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
  SELECT first_executions.source, coalesce(any_value(ends.complete_since), min(first_executions.first_at)) AS since, ends.until
  FROM first_executions
  INNER JOIN (
    SELECT source, max(as_of) AS until, arg_max(complete_since, load_id) AS complete_since
    FROM landing.load
    WHERE finished_at IS NOT NULL
    GROUP BY source
  ) AS ends ON first_executions.source = ends.source
  GROUP BY ALL
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
