-- One row is one return of production to older content, by a deployment of its own or in the same execution that had
-- changed it. rolled_back_id is the deployment that it reverted, live_minutes how long that one had taken traffic.
--
-- unique_key = ["deployment_id"]
-- time = "happened_at"
-- example = "SELECT happened_at, application, live_minutes, reason FROM rollbacks ORDER BY happened_at DESC LIMIT 20"
-- reason = "Why it was rolled back, in the source's words."
-- method = "separate deployment, or same execution as the one that had changed production."
-- rolled_back_id = "Deployment that was rolled back."
-- rolled_back_commit = "Commit that was rolled back."
-- rolled_back_version = "Version that was rolled back."
-- live_minutes = "How long it had taken traffic."
-- restored_commit = "Commit that was restored."
-- restored_version = "Version that was restored."
WITH
all_rollbacks AS (
  SELECT rollback_id AS deployment_id, 'separate deployment' AS method, traffic_at AS happened_at, deployment_id AS rolled_back_id
  FROM rolled_back_deployments
  UNION ALL
  SELECT deployment_id, 'same execution', rolled_back_at, deployment_id
  FROM deployments
  WHERE rolled_back_at IS NOT NULL AND kind <> 'rollback'
),
incident_titles AS (
  SELECT deployment_id, string_agg(title, ' · ' ORDER BY opened_at, incident_id) AS incidents
  FROM incidents
  WHERE deployment_id IS NOT NULL
  GROUP BY deployment_id
)
SELECT
  audit_trail.application,
  audit_trail.team,
  all_rollbacks.happened_at,
  all_rollbacks.method,
  audit_trail.pipeline,
  audit_trail.triggered_by,
  audit_trail.started_manually,
  audit_trail.approved_by,
  rolled_back.deployment_id AS rolled_back_id,
  rolled_back.commit AS rolled_back_commit,
  rolled_back.version AS rolled_back_version,
  epoch(all_rollbacks.happened_at - rolled_back.first_traffic_at) / 60 AS live_minutes,
  restored.commit AS restored_commit,
  restored.version AS restored_version,
  coalesce(audit_trail.reason, incident_titles.incidents) AS reason,
  audit_trail.deployment_id,
  audit_trail.url
FROM all_rollbacks
INNER JOIN audit_trail ON all_rollbacks.deployment_id = audit_trail.deployment_id
LEFT JOIN deployments AS rolled_back ON all_rollbacks.rolled_back_id = rolled_back.deployment_id
LEFT JOIN deployments AS restored ON audit_trail.restored_or_previous_id = restored.deployment_id
LEFT JOIN incident_titles ON all_rollbacks.rolled_back_id = incident_titles.deployment_id
