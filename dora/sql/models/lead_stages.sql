-- One row is one stage of one shipped change's lead time. The stages of a change add up to its lead time exactly:
-- those before its merge where the clock starts earlier, waiting until its deployment was queued (or started, where no
-- queue time is known), then the stages of that deployment until the lead time ends.
--
-- unique_key = ["application", "change_id", "stage"]
-- example = "SELECT stage, sum(hours) AS hours FROM lead_stages GROUP BY ALL ORDER BY hours DESC"
WITH
shipped_lead_times AS (
  SELECT lead_times.*, greatest(lead_times.began_at, changes.merged_at) AS waits_from
  FROM lead_times
  INNER JOIN changes ON lead_times.application = changes.application AND lead_times.change_id = changes.change_id
  WHERE lead_times.excluded IS NULL AND lead_times.shipped
),
before_merge AS (
  SELECT
    stages_before_merge.application,
    stages_before_merge.change_id,
    stages_before_merge.stage,
    epoch_us(stages_before_merge.ended_at)
    - epoch_us(greatest(stages_before_merge.started_at, shipped_lead_times.began_at)) AS micros
  FROM shipped_lead_times
  INNER JOIN stages_before_merge
    ON shipped_lead_times.application = stages_before_merge.application
    AND shipped_lead_times.change_id = stages_before_merge.change_id
  WHERE stages_before_merge.ended_at > greatest(stages_before_merge.started_at, shipped_lead_times.began_at)
),
deployment_begins AS (
  SELECT deployment_id, min(started_at) AS began_at FROM deployment_stages GROUP BY deployment_id
),
waits AS (
  SELECT
    shipped_lead_times.application,
    shipped_lead_times.change_id,
    'waiting for deployment' AS stage,
    epoch_us(least(deployment_begins.began_at, shipped_lead_times.ended_at))
    - epoch_us(shipped_lead_times.waits_from) AS micros
  FROM shipped_lead_times
  INNER JOIN deployment_begins ON shipped_lead_times.shipped_by = deployment_begins.deployment_id
  WHERE deployment_begins.began_at > shipped_lead_times.waits_from
),
deployment_shares AS (
  SELECT
    shipped_lead_times.application,
    shipped_lead_times.change_id,
    deployment_stages.stage,
    sum(
      epoch_us(least(deployment_stages.ended_at, shipped_lead_times.ended_at))
      - epoch_us(greatest(deployment_stages.started_at, shipped_lead_times.waits_from))
    ) AS micros
  FROM shipped_lead_times
  INNER JOIN deployment_stages ON shipped_lead_times.shipped_by = deployment_stages.deployment_id
  WHERE
    deployment_stages.started_at < shipped_lead_times.ended_at
    AND deployment_stages.ended_at > shipped_lead_times.waits_from
  GROUP BY shipped_lead_times.application, shipped_lead_times.change_id, deployment_stages.stage
),
stages AS (
  SELECT application, change_id, stage, micros FROM before_merge
  UNION ALL
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
