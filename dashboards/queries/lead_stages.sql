-- One row is one stage of one period: its mean hours over all changes shipped; the means of a period add up to its mean
-- lead time. Without periods start is null and the stages are those of the window.
WITH
counted AS (
  SELECT application, subject, period FROM $observations WHERE excluded IS NULL AND NOT censored
),
sizes AS (
  SELECT period, count(*) AS n FROM counted GROUP BY period
),
sums AS (
  SELECT
    c.period,
    CASE WHEN s.stage IN ('queue', 'other', 'unknown') THEN 'queue and other' ELSE s.stage END AS stage,
    sum(s.hours) AS hours
  FROM counted AS c
  INNER JOIN lead_stages AS s ON c.application = s.application AND c.subject = s.change_id
  GROUP BY ALL
)
SELECT
  strftime(s.period, '%Y-%m-%d') AS start,
  s.stage,
  s.hours / z.n AS hours,
  s.hours / nullif(sum(s.hours) OVER (PARTITION BY s.period), 0) AS share,
  z.n
FROM sums AS s
INNER JOIN sizes AS z ON s.period IS NOT DISTINCT FROM z.period
ORDER BY s.period, s.hours DESC, s.stage
