-- One row is one approval prompt of a deployment: its instructions, who decided, how long it waited.
SELECT
  prompt,
  outcome,
  decision,
  answer,
  decided_by,
  roles,
  unauthorized_user,
  started_at,
  decided_at,
  waited_minutes / 60 AS hours
FROM approvals
WHERE deployment_id = ?
ORDER BY started_at, approval_id
LIMIT 100
