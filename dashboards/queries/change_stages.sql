-- One row is one stage of the shipped changes, from their first commit to full traffic: its hours in total, and the mean. Stages
-- before the merge are known of changes with a request (n); the means of the others add up to the mean lead time.
WITH
shipped_observations AS (
  SELECT application, subject FROM $observations WHERE excluded IS NULL AND NOT censored
),
-- One row: the sum of each stage, so that only as many rows as there are stages are turned.
sums AS (
  SELECT
    sum(coding_hours) AS coding,
    sum(pickup_hours) AS pickup,
    sum(review_hours) AS review,
    sum(merge_hours) AS merge,
    sum(waiting_hours) AS "waiting for deployment",
    sum(pre_production_hours) AS "pre-production stages",
    sum(approval_hours) AS approval,
    sum(execution_window_hours) AS "execution window",
    sum(canary_hours) AS canary,
    sum(rollout_hours) AS rollout,
    sum(CASE WHEN coalesce(queue_hours, other_hours) IS NOT NULL THEN coalesce(queue_hours, 0) + coalesce(other_hours, 0) END)
      AS "queue and other",
    count(coalesce(coding_hours, pickup_hours, review_hours, merge_hours)) AS requested,
    count(*) AS shipped
  FROM change_timeline
  SEMI JOIN shipped_observations
    ON change_timeline.application = shipped_observations.application
    AND change_timeline.change_id = shipped_observations.subject
),
totals AS (
  SELECT
    stage,
    stage IN ('coding', 'pickup', 'review', 'merge') AS before_merge,
    total,
    CASE WHEN stage IN ('coding', 'pickup', 'review', 'merge') THEN requested ELSE shipped END AS n
  FROM (UNPIVOT sums ON COLUMNS(* EXCLUDE (requested, shipped)) INTO NAME stage VALUE total)
)
SELECT stage, before_merge, total, total / n AS mean, n, total / nullif(sum(total) OVER (), 0) AS share
FROM totals
ORDER BY total DESC, stage
