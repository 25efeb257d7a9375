-- One row is one stage of one change before its merge, where its request is known. A stage lies between two known times;
-- of times in the wrong order the later step's decides, so stages of one change never overlap.
WITH
requested_changes AS (
  SELECT * FROM changes WHERE merge_time_issue IS NULL AND coalesce(opened_at, approved_at) IS NOT NULL
),
steps AS (
  SELECT application, change_id, 1 AS step, 'coding' AS stage, first_commit_at AS happened_at FROM requested_changes
  UNION ALL
  SELECT application, change_id, 2 AS step, 'pickup' AS stage, opened_at AS happened_at FROM requested_changes
  UNION ALL
  SELECT application, change_id, 3 AS step, 'review' AS stage, first_review_at AS happened_at FROM requested_changes
  UNION ALL
  SELECT application, change_id, 4 AS step, 'merge' AS stage, approved_at AS happened_at FROM requested_changes
  UNION ALL
  SELECT application, change_id, 5 AS step, NULL AS stage, merged_at AS happened_at FROM requested_changes
),
steps_in_order AS (
  SELECT
    application,
    change_id,
    step,
    stage,
    min(happened_at) OVER (
      PARTITION BY application, change_id ORDER BY step DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS happened_at
  FROM steps
  WHERE happened_at IS NOT NULL
),
stretches AS (
  SELECT
    *,
    happened_at AS started_at,
    lead(happened_at) OVER (PARTITION BY application, change_id ORDER BY step) AS ended_at,
    lead(step) OVER (PARTITION BY application, change_id ORDER BY step) AS next_step
  FROM steps_in_order
)
SELECT application, change_id, stage, started_at, ended_at
FROM stretches
WHERE next_step = step + 1
