-- One row is one stretch of a deployment's time. Stretches of one deployment touch and never overlap, so every period
-- cut out of them is the sum of its parts. Of activities at the same time, deployment_time_parts decides the stage.
--
-- unique_key = ["deployment_id", "stage", "started_at"]
-- time = "started_at"
-- example = "SELECT stage, sum(date_diff('second', started_at, ended_at)) / 3600 AS hours FROM deployment_stages GROUP BY ALL ORDER BY hours DESC"
WITH
activities AS (
  SELECT * FROM deployment_time_parts WHERE started_at < ended_at
),
boundaries AS (
  SELECT turn, started_at AS cut FROM activities
  UNION
  SELECT turn, ended_at FROM activities
),
pieces_of_time AS (
  SELECT turn, cut AS started_at, lead(cut) OVER (PARTITION BY turn ORDER BY cut) AS ended_at
  FROM boundaries
),
staged_pieces AS (
  SELECT
    pieces_of_time.turn,
    pieces_of_time.started_at,
    pieces_of_time.ended_at,
    min_by(activities.stage, activities.precedence) AS stage
  FROM pieces_of_time
  INNER JOIN activities
    ON pieces_of_time.turn = activities.turn
    AND activities.started_at <= pieces_of_time.started_at
    AND activities.ended_at >= pieces_of_time.ended_at
  GROUP BY pieces_of_time.turn, pieces_of_time.started_at, pieces_of_time.ended_at
),
stage_changes AS (
  SELECT
    *,
    CASE WHEN stage = lag(stage) OVER (PARTITION BY turn ORDER BY started_at) THEN 0 ELSE 1 END AS starts_stage
  FROM staged_pieces
),
numbered_pieces AS (
  SELECT *, sum(starts_stage) OVER (PARTITION BY turn ORDER BY started_at) AS number FROM stage_changes
),
stretches AS (
  SELECT turn, stage, min(started_at) AS started_at, max(ended_at) AS ended_at
  FROM numbered_pieces
  GROUP BY turn, stage, number
)
SELECT lineage.deployment_id, stretches.stage, stretches.started_at, stretches.ended_at
FROM stretches
INNER JOIN lineage ON stretches.turn = lineage.turn
