-- One row is one hour of the local week (0 is Monday from 0:00) with the production changes that began in it.
SELECT hour_of_week, count(*) AS changes, count(*) FILTER (outside_business_hours) AS outside_business_hours
FROM $audit_trail
WHERE hour_of_week IS NOT NULL
GROUP BY hour_of_week
ORDER BY hour_of_week
