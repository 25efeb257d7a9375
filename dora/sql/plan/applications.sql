-- One row is one application with any row that a build reads, and its size.
WITH
sizes AS (
  SELECT application, count(*) AS executions FROM landing.execution GROUP BY application
),
names AS (
  SELECT application FROM teams
  UNION
  SELECT application FROM landing.coverage
  UNION
  SELECT application FROM landing.canary WHERE application IS NOT NULL
  UNION
  SELECT application FROM incident_records
  UNION
  SELECT application FROM landing.verdict WHERE application IS NOT NULL
)
SELECT names.application, coalesce(sizes.executions, 0) AS executions
FROM names
LEFT JOIN sizes ON names.application = sizes.application
ORDER BY names.application
