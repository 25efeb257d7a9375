-- One row is one thing that went on in a deployment's time, from when it was queued until nothing of it ran any more;
-- of several at once that of the least precedence holds the others up. The last one covers everything. Waits that belong
-- to another stage, as those between a canary's intervals, are that stage's.
WITH
spans AS (
  SELECT
    deployment_id,
    source,
    root_id,
    queued_at AS began_at,
    greatest(queued_at, started_at, first_traffic_at, full_traffic_at, finished_at) AS ended_at,
    greatest(queued_at, started_at) AS started_at
  FROM deployments
  WHERE queued_at IS NOT NULL
),
told AS (
  SELECT s.deployment_id, 1 AS precedence, 'approval' AS stage, a.started_at, coalesce(a.decided_at, a.finished_at) AS ended_at
  FROM spans AS s
  INNER JOIN landing.execution AS e ON s.source = e.source AND s.root_id = e.root_id
  INNER JOIN landing.approval AS a ON e.source = a.source AND e.id = a.execution_id AND e.revision = a.revision
  UNION ALL
  SELECT s.deployment_id, 2, 'window', t.started_at, t.finished_at
  FROM spans AS s
  INNER JOIN landing.execution AS e ON s.source = e.source AND s.root_id = e.root_id
  INNER JOIN landing.stage AS t ON e.source = t.source AND e.id = t.execution_id AND e.revision = t.revision
  WHERE t.kind = 'window' OR (t.kind = 'wait' AND t.parent_id IS NULL)
  UNION ALL
  SELECT s.deployment_id, 3, 'canary', c.started_at, c.finished_at
  FROM spans AS s
  INNER JOIN canaries AS c ON s.deployment_id = c.deployment_id
  UNION ALL
  SELECT s.deployment_id, 4, 'rollout', r.started_at, greatest(r.full_traffic_at, r.finished_at)
  FROM spans AS s
  INNER JOIN rollouts AS r ON s.source = r.source AND s.root_id = r.root_id
  WHERE NOT r.is_canary
  UNION ALL
  SELECT deployment_id, 5, 'queue', began_at, started_at FROM spans
),
production AS (
  SELECT deployment_id, min(started_at) AS reached_at
  FROM told
  WHERE stage IN ('canary', 'rollout')
  GROUP BY deployment_id
)
SELECT
  t.deployment_id,
  t.precedence,
  t.stage,
  greatest(t.started_at, s.began_at) AS started_at,
  least(coalesce(t.ended_at, s.ended_at), s.ended_at) AS ended_at
FROM told AS t
INNER JOIN spans AS s ON t.deployment_id = s.deployment_id
WHERE t.started_at IS NOT NULL
UNION ALL
SELECT s.deployment_id, 6, 'before production', s.started_at, least(coalesce(p.reached_at, s.ended_at), s.ended_at)
FROM spans AS s
LEFT JOIN production AS p ON s.deployment_id = p.deployment_id
UNION ALL
SELECT deployment_id, 7, 'other', began_at, ended_at FROM spans
