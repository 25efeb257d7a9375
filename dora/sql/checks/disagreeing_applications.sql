-- title    = "Workloads that belong to one application by their manifest and to another by their stage"
-- severity = "warn"
-- next     = "correct the annotation of the manifest or the application of the stage; until then the first decides"
-- One row is one workload.
SELECT
  rollout.source,
  rollout.application,
  rollout.other_application,
  rollout.account,
  rollout.location,
  rollout.cluster,
  count(*) AS rollouts,
  max(rollout.started_at) AS last_at
FROM landing.rollout
INNER JOIN landing.execution
  ON rollout.source = execution.source
  AND rollout.execution_id = execution.id
  AND rollout.revision = execution.revision
WHERE rollout.other_application IS NOT NULL
GROUP BY
  rollout.source, rollout.application, rollout.other_application, rollout.account, rollout.location, rollout.cluster
