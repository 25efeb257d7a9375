-- One row is one stage of one shipped change's lead time. The stages of a change add up to its lead time exactly:
-- waiting for a pipeline until its deployment was queued, then that deployment's own stages up to where the clock stops.
WITH
counted AS (
  SELECT * FROM lead_times WHERE excluded IS NULL AND shipped
),
waiting AS (
  SELECT c.application, c.change_id, 'waiting for deployment' AS stage, epoch_us(least(d.queued_at, c.ended_at)) - epoch_us(c.began_at) AS micros
  FROM counted AS c
  INNER JOIN deployments AS d ON c.shipped_by = d.deployment_id
  WHERE d.queued_at > c.began_at
),
moving AS (
  SELECT
    c.application,
    c.change_id,
    s.stage,
    sum(epoch_us(least(s.ended_at, c.ended_at)) - epoch_us(greatest(s.started_at, c.began_at))) AS micros
  FROM counted AS c
  INNER JOIN deployment_stages AS s ON c.shipped_by = s.deployment_id
  WHERE s.started_at < c.ended_at AND s.ended_at > c.began_at
  GROUP BY c.application, c.change_id, s.stage
),
told AS (
  SELECT application, change_id, stage, micros FROM waiting
  UNION ALL
  SELECT application, change_id, stage, micros FROM moving
),
sums AS (
  SELECT application, change_id, sum(micros) AS micros FROM told GROUP BY application, change_id
)
SELECT application, change_id, stage, micros / 3.6e9 AS hours FROM told
UNION ALL
SELECT
  c.application,
  c.change_id,
  'unknown' AS stage,
  (epoch_us(c.ended_at) - epoch_us(c.began_at) - coalesce(s.micros, 0)) / 3.6e9 AS hours
FROM counted AS c
LEFT JOIN sums AS s ON c.application = s.application AND c.change_id = s.change_id
WHERE epoch_us(c.ended_at) - epoch_us(c.began_at) > coalesce(s.micros, 0)
