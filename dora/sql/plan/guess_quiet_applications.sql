-- One row is one application that was not deployed for long while another one of its repository was.
WITH
last_rollouts AS (
  SELECT application, max(coalesce(full_traffic_at, first_traffic_at, finished_at, started_at)) AS last_at
  FROM planned_rollouts
  WHERE NOT is_canary
  GROUP BY application
),
ages AS (
  SELECT
    last_rollouts.application,
    repositories.repository,
    last_rollouts.last_at,
    last_rollouts.last_at < build.as_of - definitions.ended_after_days * INTERVAL 1 DAY AS is_quiet
  FROM last_rollouts
  INNER JOIN definitions ON last_rollouts.application = definitions.application
  INNER JOIN repositories ON last_rollouts.application = repositories.application AND repositories.is_deployed
  CROSS JOIN build
)
SELECT DISTINCT ages.application
FROM ages
INNER JOIN ages AS others ON ages.repository = others.repository AND NOT others.is_quiet
ANTI JOIN application_ends ON ages.application = application_ends.application
WHERE ages.is_quiet
