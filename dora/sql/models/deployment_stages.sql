-- One row is one stretch of a deployment's time. Stretches of one deployment touch and never overlap, so any clock cut
-- out of them is the sum of its parts. What holds the others up gives its name: deployment_parts.
WITH
parts AS (
  SELECT * FROM deployment_time_parts WHERE started_at < ended_at
),
cuts AS (
  SELECT turn, started_at AS cut FROM parts
  UNION
  SELECT turn, ended_at FROM parts
),
pieces AS (
  SELECT turn, cut AS started_at, lead(cut) OVER (PARTITION BY turn ORDER BY cut) AS ended_at
  FROM cuts
),
named AS (
  SELECT p.turn, p.started_at, p.ended_at, min_by(c.stage, c.precedence) AS stage
  FROM pieces AS p
  INNER JOIN parts AS c
    ON p.turn = c.turn AND c.started_at <= p.started_at AND c.ended_at >= p.ended_at
  GROUP BY p.turn, p.started_at, p.ended_at
),
begun AS (
  SELECT
    *,
    CASE WHEN stage = lag(stage) OVER (PARTITION BY turn ORDER BY started_at) THEN 0 ELSE 1 END AS begins
  FROM named
),
numbered AS (
  SELECT *, sum(begins) OVER (PARTITION BY turn ORDER BY started_at) AS number FROM begun
),
stretches AS (
  SELECT turn, stage, min(started_at) AS started_at, max(ended_at) AS ended_at
  FROM numbered
  GROUP BY turn, stage, number
)
SELECT l.deployment_id, s.stage, s.started_at, s.ended_at
FROM stretches AS s
INNER JOIN lineage AS l ON s.turn = l.turn
