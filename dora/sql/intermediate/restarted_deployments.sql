-- One row is one deployment that changed production after a restart of its execution tree, with the last user who
-- restarted it before its last rollout (A2); null if that user is unknown.
SELECT
  outcomes.deployment_id,
  arg_max_null(execution_attempt.restarted_by, execution_attempt.ended_at) AS restarted_by
FROM attempt_outcomes AS outcomes
INNER JOIN landing.execution
  ON outcomes.source = execution.source AND outcomes.root_id = execution.root_id
INNER JOIN landing.execution_attempt
  ON execution.source = execution_attempt.source AND execution.id = execution_attempt.execution_id
WHERE execution_attempt.rollout_id IS NULL AND execution_attempt.ended_at <= outcomes.last_started_at
GROUP BY outcomes.deployment_id
