-- One row is one selected deployment of a class that a text finds, with the word for its outcome.
WITH
selected_deployments AS (
  SELECT subject AS deployment_id FROM $observations
),
part AS (
  $part
),
matches AS (
  $matches
)
SELECT
  deployments.deployment_id,
  CASE
    WHEN contains(recoveries.evidence, 'rollback') THEN 'rolled back'
    WHEN recoveries.deployment_id IS NOT NULL THEN 'failed'
    WHEN deployments.outcome IN ('succeeded', 'failed', 'dark') THEN deployments.outcome
    WHEN deployments.outcome = 'in_progress' THEN 'in progress'
    ELSE 'stopped'
  END AS word
FROM selected_deployments
SEMI JOIN part ON selected_deployments.deployment_id = part.deployment_id
SEMI JOIN matches ON selected_deployments.deployment_id = matches.deployment_id
INNER JOIN deployments ON selected_deployments.deployment_id = deployments.deployment_id
LEFT JOIN recoveries ON deployments.deployment_id = recoveries.deployment_id
