-- One row is one incident or verdict that names a deployment or an execution, with the applications that it may mean.
WITH
records AS (
  SELECT 'incident' AS record, source, id, application, deployment FROM incident_records WHERE deployment IS NOT NULL
  UNION ALL
  SELECT 'verdict', source, id, application, deployment FROM landing.verdict WHERE deployment IS NOT NULL
),
matches AS (
  SELECT records.record, records.source, records.id, execution.application
  FROM records
  INNER JOIN landing.execution ON records.deployment = execution.id
  UNION
  SELECT records.record, records.source, records.id, execution.application
  FROM records
  INNER JOIN landing.execution ON records.deployment = execution.external_id
  UNION
  SELECT records.record, records.source, records.id, rollouts.application
  FROM records
  INNER JOIN planned_rollouts AS rollouts ON records.deployment = rollouts.root_id
  UNION
  SELECT records.record, records.source, records.id, rollouts.application
  FROM records
  INNER JOIN planned_rollouts AS rollouts ON records.deployment = rollouts.deployment_id
)
SELECT
  records.record,
  records.source,
  records.id,
  records.application,
  list_sort(list(DISTINCT matches.application)) AS applications
FROM records
INNER JOIN matches
  ON records.record = matches.record AND records.source = matches.source AND records.id = matches.id
GROUP BY records.record, records.source, records.id, records.application
