-- One row is one stage of one period: its mean hours over all shipped changes. The means of a period add up to its mean
-- lead time. Without periods start is null and the stages are those of the window.
WITH
shipped_observations AS (
  SELECT application, subject, period FROM $observations WHERE excluded IS NULL AND NOT censored
),
period_sizes AS (
  SELECT period, count(*) AS n FROM shipped_observations GROUP BY period
),
period_totals AS (
  SELECT
    shipped_observations.period,
    CASE
      WHEN lead_stages.stage IN ('queue', 'other', 'unknown') THEN 'queue and other'
      ELSE lead_stages.stage
    END AS stage,
    sum(lead_stages.hours) AS hours
  FROM shipped_observations
  INNER JOIN lead_stages
    ON shipped_observations.application = lead_stages.application
    AND shipped_observations.subject = lead_stages.change_id
  GROUP BY ALL
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
