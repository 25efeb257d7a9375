-- One row is one deployment whose changes spent most of their lead time in this stage, or most of the time before their merge.
WITH
hours_of_changes AS (
  SELECT
    lead_stages.application,
    lead_stages.change_id,
    CASE
      WHEN lead_stages.stage IN ('queue', 'other', 'unknown') THEN 'queue and other'
      ELSE lead_stages.stage
    END AS stage,
    FALSE AS before_merge,
    lead_stages.hours
  FROM lead_stages
  WHERE lead_stages.stage NOT IN ('coding', 'pickup', 'review', 'merge')
  UNION ALL
  SELECT application, change_id, stage, TRUE AS before_merge, hours
  FROM (
    UNPIVOT (
      SELECT
        application,
        change_id,
        coding_hours AS coding,
        pickup_hours AS pickup,
        review_hours AS review,
        merge_hours AS merge
      FROM change_timeline
    ) ON coding, pickup, review, merge INTO NAME stage VALUE hours
  )
),
hours_by_stage AS (
  SELECT
    changes.shipped_by AS deployment_id,
    hours_of_changes.stage,
    hours_of_changes.before_merge,
    sum(hours_of_changes.hours) AS hours
  FROM changes
  INNER JOIN metrics.lead_time ON changes.application = lead_time.application AND changes.change_id = lead_time.subject
  INNER JOIN hours_of_changes
    ON changes.application = hours_of_changes.application
    AND changes.change_id = hours_of_changes.change_id
  WHERE lead_time.excluded IS NULL AND NOT lead_time.censored AND NOT changes.baseline
  GROUP BY ALL
)
SELECT deployment_id
FROM hours_by_stage
QUALIFY
  row_number() OVER (PARTITION BY deployment_id, before_merge ORDER BY hours DESC, stage) = 1
  AND stage = ?
