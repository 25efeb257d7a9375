-- One row is one stage of one shipped change's lead time. The stages of a change add up to its lead time exactly:
-- waiting until its deployment was queued, then the stages of that deployment until the lead time ends.
WITH
shipped_lead_times AS (
  SELECT * FROM lead_times WHERE excluded IS NULL AND shipped
),
waits AS (
  SELECT
    shipped_lead_times.application,
    shipped_lead_times.change_id,
    'waiting for deployment' AS stage,
    epoch_us(least(deployments.queued_at, shipped_lead_times.ended_at)) - epoch_us(shipped_lead_times.began_at) AS micros
  FROM shipped_lead_times
  INNER JOIN deployments ON shipped_lead_times.shipped_by = deployments.deployment_id
  WHERE deployments.queued_at > shipped_lead_times.began_at
),
deployment_shares AS (
  SELECT
    shipped_lead_times.application,
    shipped_lead_times.change_id,
    deployment_stages.stage,
    sum(
      epoch_us(least(deployment_stages.ended_at, shipped_lead_times.ended_at))
      - epoch_us(greatest(deployment_stages.started_at, shipped_lead_times.began_at))
    ) AS micros
  FROM shipped_lead_times
  INNER JOIN deployment_stages ON shipped_lead_times.shipped_by = deployment_stages.deployment_id
  WHERE
    deployment_stages.started_at < shipped_lead_times.ended_at
    AND deployment_stages.ended_at > shipped_lead_times.began_at
  GROUP BY shipped_lead_times.application, shipped_lead_times.change_id, deployment_stages.stage
),
stages AS (
  SELECT application, change_id, stage, micros FROM waits
  UNION ALL
  SELECT application, change_id, stage, micros FROM deployment_shares
),
totals AS (
  SELECT application, change_id, sum(micros) AS micros FROM stages GROUP BY application, change_id
)
SELECT application, change_id, stage, micros / 3.6e9 AS hours FROM stages
UNION ALL
SELECT
  shipped_lead_times.application,
  shipped_lead_times.change_id,
  'unknown' AS stage,
  (epoch_us(shipped_lead_times.ended_at) - epoch_us(shipped_lead_times.began_at) - coalesce(totals.micros, 0)) / 3.6e9 AS hours
FROM shipped_lead_times
LEFT JOIN totals
  ON shipped_lead_times.application = totals.application
  AND shipped_lead_times.change_id = totals.change_id
WHERE epoch_us(shipped_lead_times.ended_at) - epoch_us(shipped_lead_times.began_at) > coalesce(totals.micros, 0)
