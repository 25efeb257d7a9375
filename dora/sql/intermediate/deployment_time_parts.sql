-- One row is one activity during a deployment, from its queue time (its start, where that is unknown) until nothing of
-- it runs any more. Of activities at the same time, the one with the lowest precedence gives the stage; the last one
-- covers everything. Waits inside another stage, such as between the intervals of a canary, belong to that stage. turn
-- is the number of the deployment in lineage.
WITH
first_trees AS (
  SELECT deployment_id, min(queued_at) AS queued_at, greatest(min(queued_at), min(started_at)) AS started_at
  FROM deployment_trees
  WHERE NOT is_earlier_deployment
  GROUP BY deployment_id
),
deployment_spans AS (
  SELECT
    lineage.turn,
    deployments.deployment_id,
    least(coalesce(deployments.queued_at, deployments.started_at), first_trees.queued_at) AS began_at,
    greatest(
      deployments.queued_at,
      deployments.started_at,
      deployments.first_traffic_at,
      deployments.full_traffic_at,
      deployments.finished_at
    ) AS ended_at,
    least(greatest(deployments.queued_at, deployments.started_at), first_trees.started_at) AS started_at
  FROM deployments
  INNER JOIN lineage ON deployments.deployment_id = lineage.deployment_id
  INNER JOIN first_trees ON deployments.deployment_id = first_trees.deployment_id
  WHERE coalesce(deployments.queued_at, deployments.started_at) IS NOT NULL
),
trees AS (
  SELECT
    deployment_spans.turn,
    deployment_trees.source,
    deployment_trees.application,
    deployment_trees.root_id,
    deployment_trees.queued_at,
    deployment_trees.started_at
  FROM deployment_spans
  INNER JOIN deployment_trees ON deployment_spans.deployment_id = deployment_trees.deployment_id
  WHERE NOT deployment_trees.is_earlier_deployment
),
activities AS (
  SELECT
    deployment_spans.turn,
    1 AS precedence,
    'approval' AS stage,
    approvals.started_at,
    coalesce(approvals.decided_at, approvals.finished_at) AS ended_at
  FROM deployment_spans
  INNER JOIN approvals
    ON deployment_spans.deployment_id = approvals.deployment_id AND approvals.role = 'approval'
  UNION ALL
  SELECT trees.turn, 2, 'execution window', stage.started_at, stage.finished_at
  FROM trees
  INNER JOIN landing.execution ON trees.source = execution.source AND trees.root_id = execution.root_id
  INNER JOIN landing.stage
    ON execution.source = stage.source
    AND execution.id = stage.execution_id
    AND execution.revision = stage.revision
  WHERE stage.kind = 'window' OR (stage.kind = 'wait' AND stage.parent_id IS NULL)
  UNION ALL
  SELECT deployment_spans.turn, 3, 'canary', canaries.started_at, canaries.finished_at
  FROM deployment_spans
  INNER JOIN canaries ON deployment_spans.deployment_id = canaries.deployment_id
  UNION ALL
  SELECT
    trees.turn,
    4,
    'rollout',
    rollouts.started_at,
    greatest(rollouts.full_traffic_at, rollouts.finished_at)
  FROM trees
  INNER JOIN rollouts
    ON trees.source = rollouts.source
    AND trees.application = rollouts.application
    AND trees.root_id = rollouts.root_id
  WHERE NOT rollouts.is_canary
  UNION ALL
  SELECT turn, 5, 'queue', queued_at, started_at FROM trees
),
production_starts AS (
  SELECT turn, min(started_at) AS reached_at
  FROM activities
  WHERE stage IN ('canary', 'rollout')
  GROUP BY turn
)
SELECT
  activities.turn,
  activities.precedence,
  activities.stage,
  greatest(activities.started_at, deployment_spans.began_at) AS started_at,
  least(coalesce(activities.ended_at, deployment_spans.ended_at), deployment_spans.ended_at) AS ended_at
FROM activities
INNER JOIN deployment_spans ON activities.turn = deployment_spans.turn
WHERE activities.started_at IS NOT NULL
UNION ALL
SELECT
  deployment_spans.turn,
  6,
  'pre-production stages',
  deployment_spans.started_at,
  least(coalesce(production_starts.reached_at, deployment_spans.ended_at), deployment_spans.ended_at)
FROM deployment_spans
LEFT JOIN production_starts ON deployment_spans.turn = production_starts.turn
UNION ALL
SELECT turn, 7, 'other', began_at, ended_at FROM deployment_spans
