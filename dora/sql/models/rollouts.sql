-- One row is one rollout to production: a stage that changed one target, or a step of weights that moved its traffic.
-- Its times are those of its content, which an execution of another pipeline may have given traffic. is_canary marks
-- workloads that only serve a canary analysis.
--
-- unique_key = ["source", "rollout_id"]
-- time = "started_at"
-- example = "SELECT account, location, count(*) AS rollouts FROM rollouts WHERE action = 'deploy' GROUP BY ALL ORDER BY rollouts DESC"
-- reason = "Why it failed, in the source's words."
-- kind = "Kind of the deployment according to its source: release, hotfix, rollback, redeploy, config or promotion; null if it does not say."
-- status = "Status of the rollout: succeeded, failed and so on."
-- rollout_id = "Id of the rollout."
-- execution_id = "Id of the execution that did it."
-- action = "deploy, rollback, restart, scale, enable, disable, delete, promote, promote_fully, abort, completed, aborted or route."
-- part = "What it was for its deployment: deploy, undo, switch, rising, restart, dark, step, prepared or clean_up."
-- strategy = "How traffic moves: none, redblack, weights, dark and so on."
-- is_canary = "It serves a canary analysis only."
-- target = "Where it serves: account, location and workload, or the environment of a file; workloads that share traffic are one."
-- account = "Account of the target."
-- location = "Namespace or region."
-- cluster = "Cluster or workload."
-- accepted_at = "When the cluster accepted it."
-- server_group = "Server group or revision that it created."
-- restores = "Server group or revision that a rollback returned to."
-- steps_back = "Number of revisions that a rollback went back."
-- source_rollout_id = "Rollout that deployed the content that it put into service; null if that is not known."
-- prepared_for = "Root execution of the deployment that gave its content traffic, where that is another one."
-- stopped_at = "When an abort took back what it had of the traffic, before it had all."
-- stopped_by = "Who decided on that abort: person, of another deployment, or analysis; null if its own execution did."
WITH
steps AS (
  SELECT
    effects.source,
    effects.rollout_id,
    effects.execution_id,
    effects.root_id,
    effects.application,
    effects.target,
    effects.part,
    effects.source_rollout_id,
    effects.first_traffic_at,
    effects.full_traffic_at,
    effects.prepared_for,
    any_value(route.account) AS account,
    any_value(route.location) AS location,
    any_value(route.name) AS cluster,
    any_value(route.status) AS status,
    any_value(route.started_at) AS started_at,
    any_value(route.applied_at) AS applied_at
  FROM effects
  INNER JOIN landing.traffic_route AS route ON effects.source = route.source AND effects.rollout_id = route.id
  WHERE effects.part <> 'clean_up'
  GROUP BY ALL
)
SELECT
  production_rollouts.source,
  production_rollouts.rollout_id,
  production_rollouts.execution_id,
  production_rollouts.root_id,
  production_rollouts.deployment_id,
  production_rollouts.application,
  production_rollouts.action,
  coalesce(
    effects.part,
    CASE production_rollouts.action WHEN 'deploy' THEN 'deploy' WHEN 'rollback' THEN 'undo' ELSE 'restart' END
  ) AS part,
  production_rollouts.strategy,
  production_rollouts.is_canary,
  coalesce(effects.target, production_rollouts.target) AS target,
  production_rollouts.account,
  production_rollouts.location,
  production_rollouts.cluster,
  production_rollouts.status,
  production_rollouts.started_at,
  production_rollouts.accepted_at,
  CASE WHEN effects.part IS NULL THEN production_rollouts.first_traffic_at ELSE effects.first_traffic_at END
    AS first_traffic_at,
  CASE WHEN effects.part IS NULL THEN production_rollouts.full_traffic_at ELSE effects.full_traffic_at END
    AS full_traffic_at,
  production_rollouts.finished_at,
  production_rollouts.server_group,
  production_rollouts.restores,
  production_rollouts.steps_back,
  CASE WHEN effects.part IS NULL THEN production_rollouts.rollout_id ELSE effects.source_rollout_id END
    AS source_rollout_id,
  effects.prepared_for,
  effects.stopped_at,
  effects.stopped_by,
  production_rollouts.kind,
  production_rollouts.reason
FROM production_rollouts
LEFT JOIN effects
  ON production_rollouts.source = effects.source AND production_rollouts.rollout_id = effects.rollout_id
UNION ALL BY NAME
SELECT
  source,
  rollout_id,
  execution_id,
  root_id,
  application || '/' || root_id || '@' || source AS deployment_id,
  application,
  'route' AS action,
  part,
  'weights' AS strategy,
  FALSE AS is_canary,
  target,
  account,
  location,
  cluster,
  status,
  started_at,
  applied_at AS accepted_at,
  first_traffic_at,
  full_traffic_at,
  applied_at AS finished_at,
  source_rollout_id,
  prepared_for
FROM steps
