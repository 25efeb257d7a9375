-- One row is one stretch of a deployment's time. Stretches of one deployment touch and never overlap, so any clock cut
-- out of them is the sum of its parts. What holds the others up gives its name: deployment_parts.
WITH
parts AS (
  SELECT * FROM deployment_parts WHERE started_at < ended_at
),
cuts AS (
  SELECT deployment_id, started_at AS cut FROM parts
  UNION
  SELECT deployment_id, ended_at FROM parts
),
pieces AS (
  SELECT deployment_id, cut AS started_at, lead(cut) OVER (PARTITION BY deployment_id ORDER BY cut) AS ended_at
  FROM cuts
),
named AS (
  SELECT p.deployment_id, p.started_at, p.ended_at, min_by(c.stage, c.precedence) AS stage
  FROM pieces AS p
  INNER JOIN parts AS c
    ON p.deployment_id = c.deployment_id AND c.started_at <= p.started_at AND c.ended_at >= p.ended_at
  GROUP BY p.deployment_id, p.started_at, p.ended_at
),
turns AS (
  SELECT
    *,
    CASE WHEN stage = lag(stage) OVER (PARTITION BY deployment_id ORDER BY started_at) THEN 0 ELSE 1 END AS turn
  FROM named
),
numbered AS (
  SELECT *, sum(turn) OVER (PARTITION BY deployment_id ORDER BY started_at) AS number FROM turns
)
SELECT deployment_id, stage, min(started_at) AS started_at, max(ended_at) AS ended_at
FROM numbered
GROUP BY deployment_id, stage, number
