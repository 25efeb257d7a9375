-- One row is one deployment with this id, or of the execution with this id, and what shaped its kind.
SELECT
  deployments.*,
  coalesce(regexp_full_match(deployments.pipeline, definitions.rollback_pipelines), FALSE) AS by_rollback_pipeline,
  coalesce(bool_or(rollouts.part = 'undo'), FALSE) AS has_undo,
  max(rollouts.kind) AS stated_kind
FROM deployments
INNER JOIN definitions ON deployments.application = definitions.application
LEFT JOIN rollouts ON deployments.deployment_id = rollouts.deployment_id
WHERE deployments.deployment_id = $deployment_id OR deployments.root_id = $deployment_id
GROUP BY ALL
ORDER BY deployments.deployment_id
