-- One row is one attempt to change production: one application, one execution tree, whatever the number of rollouts.
SELECT
  outcomes.deployment_id,
  outcomes.source,
  outcomes.application,
  outcomes.root_id,
  execution.pipeline,
  coalesce(root_execution.trigger, execution.trigger) AS trigger,
  CASE
    WHEN restarts.deployment_id IS NOT NULL THEN restarts.restarted_by
    ELSE coalesce(root_execution.triggered_by, execution.triggered_by)
  END AS triggered_by,
  restarts.deployment_id IS NOT NULL AS is_restart,
  coalesce(execution.url, root_execution.url) AS url,
  execution.branch,
  execution.repository,
  execution.commit,
  contents.version,
  outcomes.outcome,
  outcomes.not_everywhere,
  outcomes.first_traffic_at IS NOT NULL AND outcomes.outcome <> 'in_progress' AS took_traffic,
  outcomes.outcome = 'succeeded' AS succeeded,
  outcomes.governing_class,
  outcomes.governing_class = 'undo'
  OR coalesce(regexp_full_match(execution.pipeline, definitions.rollback_pipelines), FALSE)
  OR coalesce(regexp_full_match(root_execution.pipeline, definitions.rollback_pipelines), FALSE) AS explicit_rollback,
  outcomes.explicit_kind,
  config_changes.deployment_id IS NOT NULL AS changes_config,
  CASE
    WHEN outcomes.prepared_for IS NOT NULL
      THEN outcomes.application || '/' || outcomes.prepared_for || '@' || outcomes.source
  END AS prepared_for_id,
  outcomes.rolled_back_at,
  reverts.reverted_in_run_at,
  outcomes.rollouts,
  coalesce(root_execution.queued_at, outcomes.queued_at) AS queued_at,
  coalesce(root_execution.started_at, outcomes.started_at) AS started_at,
  outcomes.first_traffic_at,
  outcomes.full_traffic_at,
  outcomes.finished_at,
  coalesce(outcomes.full_traffic_at, outcomes.first_traffic_at) AS traffic_at,
  outcomes.reason
FROM attempt_outcomes AS outcomes
INNER JOIN definitions ON outcomes.application = definitions.application
INNER JOIN landing.execution ON outcomes.source = execution.source AND outcomes.execution_id = execution.id
LEFT JOIN landing.execution AS root_execution
  ON outcomes.source = root_execution.source AND outcomes.root_id = root_execution.id
LEFT JOIN restarted_deployments AS restarts ON outcomes.deployment_id = restarts.deployment_id
LEFT JOIN deployed_contents AS contents ON outcomes.deployment_id = contents.deployment_id
LEFT JOIN config_changes ON outcomes.deployment_id = config_changes.deployment_id
LEFT JOIN reverted_in_run AS reverts ON outcomes.deployment_id = reverts.deployment_id
