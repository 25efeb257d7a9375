-- One row is one execution tree that counts for one deployment: its own, and those that prepared what it completed
-- (D3). The approvals, people, stages and links of all of them are those of the deployment.
SELECT
  coalesce(prepared_for_id, deployment_id) AS deployment_id,
  source,
  application,
  root_id,
  queued_at
FROM deployments
