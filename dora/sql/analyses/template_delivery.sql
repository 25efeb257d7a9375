-- One row is one version of a template (null: of none) and what was deployed in the scope through pipelines that follow
-- it now: deployments, how many failed, and the mean lead time of what they shipped.
WITH lead AS (
  SELECT deployment_id, count(*) AS changes, sum(lead_hours) AS hours
  FROM change_timeline
  WHERE lead_hours IS NOT NULL AND deployment_id IS NOT NULL
  GROUP BY deployment_id
)
SELECT
  a.template,
  a.template_version,
  max(a.versions_behind) AS versions_behind,
  count(DISTINCT a.application) AS applications,
  count(*) AS deployments,
  sum(CASE WHEN a.evidence IS NULL THEN 0 ELSE 1 END)::BIGINT AS failed,
  sum(lead.hours) / sum(lead.changes) AS mean_lead_hours
FROM $audit_trail AS a
LEFT JOIN lead ON a.deployment_id = lead.deployment_id
WHERE a.outcome IN ('succeeded', 'failed') AND a.kind IN ('release', 'hotfix', 'config')
GROUP BY a.template, a.template_version
ORDER BY a.template NULLS LAST, max(a.versions_behind)
