-- One row is one rollout, or one configuration manifest, as a part of an attempt to change production, with the class
-- that governs the attempt (D4): deploy if any deploy was accepted, else undo, else deploy, configuration or restart.
-- Steps, clean-up and workloads for a canary analysis are not part of it.
WITH
parts AS (
  SELECT
    source,
    deployment_id,
    application,
    root_id,
    execution_id,
    rollout_id,
    part,
    CASE
      WHEN part IN ('deploy', 'switch', 'rising') THEN 'deploy'
      WHEN part IN ('dark', 'prepared') THEN 'dark'
      ELSE part
    END AS class,
    target,
    status,
    started_at,
    accepted_at,
    first_traffic_at,
    full_traffic_at,
    finished_at,
    source_rollout_id,
    prepared_for,
    stopped_at,
    stopped_by,
    kind,
    reason
  FROM rollouts
  WHERE NOT is_canary AND part NOT IN ('step', 'clean_up')
  UNION ALL BY NAME
  SELECT
    source,
    deployment_id,
    application,
    root_id,
    execution_id,
    id AS rollout_id,
    'config' AS part,
    'config' AS class,
    target,
    status,
    started_at,
    applied_at AS accepted_at,
    applied_at AS first_traffic_at,
    applied_at AS full_traffic_at,
    finished_at,
    reason
  FROM applied_config
),
governing_classes AS (
  SELECT
    deployment_id,
    CASE
      WHEN bool_or(class = 'deploy' AND accepted_at IS NOT NULL) THEN 'deploy'
      WHEN bool_or(class = 'undo' AND first_traffic_at IS NOT NULL) THEN 'undo'
      WHEN bool_or(class = 'deploy') THEN 'deploy'
      WHEN bool_or(class = 'undo') THEN 'undo'
      WHEN bool_or(class = 'dark') THEN 'dark'
      WHEN bool_or(class = 'config') THEN 'config'
      ELSE 'restart'
    END AS governing_class
  FROM parts
  GROUP BY deployment_id
)
SELECT parts.*, governing_classes.governing_class, parts.class = governing_classes.governing_class AS governs
FROM parts
INNER JOIN governing_classes ON parts.deployment_id = governing_classes.deployment_id
