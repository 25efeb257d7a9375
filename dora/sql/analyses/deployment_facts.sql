-- One row is one deployment with this id, or of the execution with this id, and what shaped its kind.
SELECT
  deployments.*,
  coalesce(regexp_full_match(deployments.pipeline, definitions.rollback_pipelines), FALSE) AS by_rollback_pipeline,
  coalesce(bool_or(rollouts.part = 'undo'), FALSE) AS has_undo,
  max(rollouts.kind) AS stated_kind,
  max(recoveries.evidence) AS failure_evidence,
  max(recoveries.failed_at) AS failed_at,
  max(recoveries.detected_at) AS detected_at,
  max(recoveries.recovered_at) AS recovered_at,
  max(concat_ws(' ', verdicts.verdict, 'by', verdicts.decided_by, verdicts.reason))
    FILTER (verdicts.verdict_id IS NOT NULL) AS verdict,
  max(verdicts.silenced_evidence) AS silenced_evidence
FROM deployments
INNER JOIN definitions ON deployments.application = definitions.application
LEFT JOIN rollouts ON deployments.deployment_id = rollouts.deployment_id
LEFT JOIN recoveries ON deployments.deployment_id = recoveries.deployment_id
LEFT JOIN verdicts ON deployments.deployment_id = verdicts.deployment_id AND verdicts.in_force
WHERE deployments.deployment_id = $deployment_id OR deployments.root_id = $deployment_id
GROUP BY ALL
ORDER BY deployments.deployment_id
