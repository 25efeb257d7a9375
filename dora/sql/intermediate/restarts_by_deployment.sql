-- One row is one deployment of which a stage was restarted, in its own tree or in one that led to it: by whom, how often,
-- and whether another person than the one who triggered it did. Where it is unknown who a user is (A2), that is null.
SELECT
  deployment_trees.deployment_id,
  string_agg(DISTINCT execution_attempt.restarted_by, ', ' ORDER BY execution_attempt.restarted_by) AS restarted_by,
  count(DISTINCT execution_attempt.id) AS restarts,
  bool_or(
    CASE
      WHEN nfc_normalize(lower(execution_attempt.restarted_by)) = nfc_normalize(lower(roots.triggered_by)) THEN FALSE
      WHEN list_has_any(restarters.persons, trigger_users.persons) THEN FALSE
      WHEN list_has_any(restarters.possible, trigger_users.persons)
        OR list_has_any(trigger_users.possible, restarters.persons) THEN NULL
      WHEN execution_attempt.restarted_by IS NOT NULL AND roots.triggered_by IS NOT NULL THEN TRUE
    END
  ) AS restarted_by_another
FROM landing.execution_attempt
INNER JOIN landing.execution
  ON execution_attempt.source = execution.source
  AND execution_attempt.execution_id = execution.id
INNER JOIN landing.execution AS roots ON execution.source = roots.source AND execution.root_id = roots.id
INNER JOIN deployment_trees
  ON execution.source = deployment_trees.source
  AND execution.root_id = deployment_trees.root_id
  AND execution.application = deployment_trees.application
LEFT JOIN people AS restarters ON nfc_normalize(lower(execution_attempt.restarted_by)) = restarters.identity
LEFT JOIN people AS trigger_users ON nfc_normalize(lower(roots.triggered_by)) = trigger_users.identity
WHERE execution_attempt.rollout_id IS NULL AND NOT deployment_trees.is_earlier_deployment
GROUP BY deployment_trees.deployment_id
