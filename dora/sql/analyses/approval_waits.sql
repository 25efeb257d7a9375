-- One row is one change that waited for an approval, of the 24 applications with most of them, thinned out
-- evenly to about 300, which is what a chart can show; with the median of its application and the number of its approvals.
WITH
waits AS (
  SELECT
    deployment_id,
    application,
    waited_minutes,
    prompts,
    approved_by,
    median(waited_minutes) OVER (PARTITION BY application) AS median_minutes,
    count(*) OVER (PARTITION BY application) AS approvals,
    row_number() OVER (PARTITION BY application ORDER BY happened_at DESC, deployment_id) AS place
  FROM $audit_trail
  WHERE waited_minutes IS NOT NULL
),
ranked_waits AS (
  SELECT *, dense_rank() OVER (ORDER BY approvals DESC, application) AS rank FROM waits
),
shown_waits AS (
  SELECT *, max(rank) OVER () AS applications FROM ranked_waits WHERE rank <= 24
)
SELECT deployment_id, application, waited_minutes, prompts, approved_by, median_minutes, approvals
FROM shown_waits
WHERE (place - 1) % ceil(approvals * applications / 300)::BIGINT = 0
ORDER BY rank, place
