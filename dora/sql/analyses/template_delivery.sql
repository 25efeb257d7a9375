-- One row is one version of a template (null: none) with the deployments in the scope through pipelines that follow
-- it now: how many, how many failed, and the mean lead time of what they shipped.
WITH
deployments_in_scope AS (
  SELECT *
  FROM $audit_trail AS audit_trail
  WHERE audit_trail.outcome IN ('succeeded', 'failed') AND audit_trail.kind IN ('release', 'hotfix', 'config', 'promotion')
),
lead_times_by_deployment AS (
  SELECT deployment_id, count(*) AS changes, sum(lead_hours) AS hours
  FROM change_timeline
  WHERE lead_hours IS NOT NULL AND deployment_id IN (SELECT deployment_id FROM deployments_in_scope)
  GROUP BY deployment_id
)
SELECT
  audit_trail.template,
  audit_trail.template_version,
  max(audit_trail.versions_behind) AS versions_behind,
  count(DISTINCT audit_trail.application) AS applications,
  count(*) AS deployments,
  sum(CASE WHEN audit_trail.evidence IS NULL THEN 0 ELSE 1 END)::BIGINT AS failed,
  sum(lead_times_by_deployment.hours) / sum(lead_times_by_deployment.changes) AS mean_lead_hours
FROM deployments_in_scope AS audit_trail
LEFT JOIN lead_times_by_deployment ON audit_trail.deployment_id = lead_times_by_deployment.deployment_id
GROUP BY audit_trail.template, audit_trail.template_version
ORDER BY audit_trail.template NULLS LAST, max(audit_trail.versions_behind)
