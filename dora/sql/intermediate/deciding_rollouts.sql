-- One row is one target of an attempt with the rollout that decides what became of it (D4): of those that govern the
-- attempt the last one that took traffic, else the last one. is_planned marks targets that were never started.
WITH
tries AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY deployment_id, target
      ORDER BY
        (first_traffic_at IS NOT NULL) DESC,
        coalesce(accepted_at, started_at) DESC NULLS LAST,
        started_at DESC NULLS LAST,
        rollout_id DESC
    ) AS place
  FROM attempt_rollouts
  WHERE governs
)
SELECT * EXCLUDE (place, governs), started_at IS NULL AND status = 'not_started' AS is_planned
FROM tries
WHERE place = 1
