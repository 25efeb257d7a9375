-- One row is one canary with a score, the latest first. Beyond so many, healthy deployments are thinned out evenly, and
-- of the others the latest stay.
WITH
placed_canaries AS (
  SELECT
    happened_at,
    score,
    application,
    deployment_id,
    verdict,
    outcome,
    row_number() OVER (
      PARTITION BY outcome = 'healthy'
      ORDER BY happened_at DESC, canary_id, application
    ) - 1 AS place,
    count(*) FILTER (outcome = 'healthy') OVER () AS healthy,
    count(*) FILTER (outcome <> 'healthy') OVER () AS others
  FROM ($canaries)
  WHERE score IS NOT NULL
)
SELECT happened_at, score, application, deployment_id, verdict, outcome
FROM placed_canaries
WHERE
  CASE
    WHEN outcome = 'healthy' THEN place % ceil(healthy / greatest(1, $limit - least(others, $limit)))::BIGINT = 0
    ELSE place < $limit
  END
ORDER BY outcome = 'healthy', place
