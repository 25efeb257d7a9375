-- One row is one thing that went on in a deployment's time, from when it was queued until nothing of it ran any more;
-- of several at once that of the least precedence holds the others up. The last one covers everything. Waits that belong
-- to another stage, as those between a canary's intervals, are that stage's. turn names the deployment, as in lineage.
WITH
spans AS (
  SELECT
    l.turn,
    d.deployment_id,
    d.source,
    d.root_id,
    d.queued_at AS began_at,
    greatest(d.queued_at, d.started_at, d.first_traffic_at, d.full_traffic_at, d.finished_at) AS ended_at,
    greatest(d.queued_at, d.started_at) AS started_at
  FROM deployments AS d
  INNER JOIN lineage AS l ON d.deployment_id = l.deployment_id
  WHERE d.queued_at IS NOT NULL
),
told AS (
  SELECT s.turn, 1 AS precedence, 'approval' AS stage, a.started_at, coalesce(a.decided_at, a.finished_at) AS ended_at
  FROM spans AS s
  INNER JOIN landing.execution AS e ON s.source = e.source AND s.root_id = e.root_id
  INNER JOIN landing.approval AS a ON e.source = a.source AND e.id = a.execution_id AND e.revision = a.revision
  UNION ALL
  SELECT s.turn, 2, 'execution window', t.started_at, t.finished_at
  FROM spans AS s
  INNER JOIN landing.execution AS e ON s.source = e.source AND s.root_id = e.root_id
  INNER JOIN landing.stage AS t ON e.source = t.source AND e.id = t.execution_id AND e.revision = t.revision
  WHERE t.kind = 'window' OR (t.kind = 'wait' AND t.parent_id IS NULL)
  UNION ALL
  SELECT s.turn, 3, 'canary', c.started_at, c.finished_at
  FROM spans AS s
  INNER JOIN canaries AS c ON s.deployment_id = c.deployment_id
  UNION ALL
  SELECT s.turn, 4, 'rollout', r.started_at, greatest(r.full_traffic_at, r.finished_at)
  FROM spans AS s
  INNER JOIN rollouts AS r ON s.source = r.source AND s.root_id = r.root_id
  WHERE NOT r.is_canary
  UNION ALL
  SELECT turn, 5, 'queue', began_at, started_at FROM spans
),
production AS (
  SELECT turn, min(started_at) AS reached_at
  FROM told
  WHERE stage IN ('canary', 'rollout')
  GROUP BY turn
)
SELECT
  t.turn,
  t.precedence,
  t.stage,
  greatest(t.started_at, s.began_at) AS started_at,
  least(coalesce(t.ended_at, s.ended_at), s.ended_at) AS ended_at
FROM told AS t
INNER JOIN spans AS s ON t.turn = s.turn
WHERE t.started_at IS NOT NULL
UNION ALL
SELECT s.turn, 6, 'pre-production stages', s.started_at, least(coalesce(p.reached_at, s.ended_at), s.ended_at)
FROM spans AS s
LEFT JOIN production AS p ON s.turn = p.turn
UNION ALL
SELECT turn, 7, 'other', began_at, ended_at FROM spans
