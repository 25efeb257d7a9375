-- One row is one application: its shipped changes in the scope that waited for a canary, for how long, and their
-- total lead time (means, which add up; medians do not).
SELECT
  application,
  count(*) AS changes,
  avg(canary_hours) * 60 AS canary_minutes,
  avg(lead_hours) * 60 AS lead_minutes
FROM $change_timeline
WHERE canary_hours > 0 AND lead_hours IS NOT NULL
GROUP BY application
ORDER BY application
