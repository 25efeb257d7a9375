-- One row is one stage of one period: its mean hours over all shipped changes. The means of a period add up to its mean
-- lead time. Without periods start is null and the stages are those of the window.
WITH
shipped_observations AS (
  SELECT application, subject, period FROM $observations WHERE excluded IS NULL AND NOT censored
),
period_sizes AS (
  SELECT period, count(*) AS n FROM shipped_observations GROUP BY period
),
-- One row is one period with the sum of each stage, so that only as many rows as there are sums are turned.
sums AS (
  SELECT
    shipped_observations.period,
    sum(change_timeline.waiting_hours) AS "waiting for deployment",
    sum(change_timeline.pre_production_hours) AS "pre-production stages",
    sum(change_timeline.approval_hours) AS approval,
    sum(change_timeline.execution_window_hours) AS "execution window",
    sum(change_timeline.canary_hours) AS canary,
    sum(change_timeline.rollout_hours) AS rollout,
    sum(
      CASE
        WHEN coalesce(change_timeline.queue_hours, change_timeline.other_hours) IS NOT NULL
          THEN coalesce(change_timeline.queue_hours, 0) + coalesce(change_timeline.other_hours, 0)
      END
    ) AS "queue and other"
  FROM shipped_observations
  INNER JOIN change_timeline
    ON shipped_observations.application = change_timeline.application
    AND shipped_observations.subject = change_timeline.change_id
  GROUP BY shipped_observations.period
),
period_totals AS (
  SELECT period, stage, hours FROM (UNPIVOT sums ON COLUMNS(* EXCLUDE (period)) INTO NAME stage VALUE hours)
  UNION ALL
  -- Part of the lead time only where its clock starts before the merge.
  SELECT shipped_observations.period, lead_stages.stage, sum(lead_stages.hours) AS hours
  FROM lead_stages
  INNER JOIN shipped_observations
    ON lead_stages.application = shipped_observations.application
    AND lead_stages.change_id = shipped_observations.subject
  WHERE lead_stages.stage IN ('coding', 'pickup', 'review', 'merge')
  GROUP BY shipped_observations.period, lead_stages.stage
)
SELECT
  strftime(period_totals.period, '%Y-%m-%d') AS start,
  period_totals.stage,
  period_totals.hours / period_sizes.n AS hours,
  period_totals.hours / nullif(sum(period_totals.hours) OVER (PARTITION BY period_totals.period), 0) AS share,
  period_sizes.n
FROM period_totals
INNER JOIN period_sizes ON period_totals.period IS NOT DISTINCT FROM period_sizes.period
ORDER BY period_totals.period, period_totals.hours DESC, period_totals.stage
