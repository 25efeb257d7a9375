-- One row is one bar or mark of the drawing of what ran where, of an application ($1) in a window ($2 to $3): content
-- that served or waited, a rollback, a failure. The targets that changed last come first, at most $4 of them; where the
-- window has more than $5 bars, only its latest part is drawn. targets is the number of all targets of the window.
WITH
intervals AS (
  SELECT
    CASE WHEN is_dark THEN 'dark' ELSE 'serving' END AS what,
    target,
    since,
    least(coalesce(until, $3), $3) AS until,
    until IS NULL AS is_current,
    content,
    version,
    commit,
    deployment_id
  FROM serving_intervals
  WHERE application = $1 AND since < $3 AND coalesce(until > $2, TRUE)
),
marks AS (
  SELECT
    CASE WHEN rollouts.part = 'undo' OR deployments.kind = 'rollback' THEN 'rollback' ELSE 'failed' END AS what,
    rollouts.target,
    min(
      coalesce(rollouts.full_traffic_at, rollouts.first_traffic_at, rollouts.accepted_at, rollouts.started_at)
    ) AS since,
    deployments.version,
    deployments.commit,
    deployments.deployment_id
  FROM rollouts
  INNER JOIN deployments ON rollouts.deployment_id = deployments.deployment_id
  LEFT JOIN recoveries ON rollouts.deployment_id = recoveries.deployment_id
  WHERE
    rollouts.application = $1
    AND NOT rollouts.is_canary
    AND rollouts.part IN ('deploy', 'undo', 'switch')
    AND (
      rollouts.part = 'undo'
      OR deployments.kind = 'rollback'
      OR deployments.outcome = 'failed'
      OR recoveries.deployment_id IS NOT NULL
    )
  GROUP BY ALL
  HAVING since >= $2 AND since < $3
),
events AS (
  SELECT * FROM intervals
  UNION ALL BY NAME
  SELECT * FROM marks
),
lanes AS (
  SELECT target, count(*) OVER () AS targets, row_number() OVER (ORDER BY max(since) DESC, target) AS lane
  FROM events
  GROUP BY target
),
drawn_from AS (
  SELECT coalesce(min(since), $2) AS cut
  FROM (
    SELECT events.since
    FROM events
    INNER JOIN lanes ON events.target = lanes.target AND lanes.lane <= $4
    ORDER BY events.since DESC
    LIMIT 1 OFFSET $5
  )
)
SELECT
  events.*,
  lanes.lane,
  lanes.targets,
  greatest(drawn_from.cut, $2) AS drawn_from,
  deployments.kind,
  deployments.outcome,
  deployments.not_everywhere,
  recoveries.evidence,
  recoveries.deployment_id IS NOT NULL AND recoveries.recovered_at IS NULL AS still_failing
FROM events
INNER JOIN lanes ON events.target = lanes.target AND lanes.lane <= $4
CROSS JOIN drawn_from
INNER JOIN deployments ON events.deployment_id = deployments.deployment_id
LEFT JOIN recoveries ON events.deployment_id = recoveries.deployment_id
WHERE coalesce(events.until, events.since) >= drawn_from.cut
ORDER BY lanes.lane, events.since, events.what
