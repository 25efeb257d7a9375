-- One row is one stage of the shipped changes, from their first commit to full traffic: its hours in total, and the mean. Stages
-- before the merge are known of changes with a request (n); the means of the others add up to the mean lead time.
WITH
shipped_observations AS (
  SELECT application, subject FROM $observations WHERE excluded IS NULL AND NOT censored
),
hours_before_merge AS (
  UNPIVOT (
    SELECT
      change_timeline.application,
      change_timeline.change_id,
      change_timeline.coding_hours AS coding,
      change_timeline.pickup_hours AS pickup,
      change_timeline.review_hours AS review,
      change_timeline.merge_hours AS merge
    FROM change_timeline
    SEMI JOIN shipped_observations
      ON change_timeline.application = shipped_observations.application
      AND change_timeline.change_id = shipped_observations.subject
  ) ON coding, pickup, review, merge INTO NAME stage VALUE hours
),
hours_of_lead_time AS (
  SELECT
    lead_stages.application,
    lead_stages.change_id,
    CASE
      WHEN lead_stages.stage IN ('queue', 'other', 'unknown') THEN 'queue and other'
      ELSE lead_stages.stage
    END AS stage,
    lead_stages.hours
  FROM shipped_observations
  INNER JOIN lead_stages
    ON shipped_observations.application = lead_stages.application
    AND shipped_observations.subject = lead_stages.change_id
  WHERE lead_stages.stage NOT IN ('coding', 'pickup', 'review', 'merge')
),
sizes AS (
  SELECT
    (SELECT count(*) FROM (SELECT DISTINCT application, change_id FROM hours_before_merge)) AS requested,
    (SELECT count(*) FROM shipped_observations) AS shipped
),
totals AS (
  SELECT stage, TRUE AS before_merge, sum(hours) AS total FROM hours_before_merge GROUP BY stage
  UNION ALL
  SELECT stage, FALSE AS before_merge, sum(hours) AS total FROM hours_of_lead_time GROUP BY stage
)
SELECT
  totals.stage,
  totals.before_merge,
  totals.total,
  totals.total / CASE WHEN totals.before_merge THEN sizes.requested ELSE sizes.shipped END AS mean,
  CASE WHEN totals.before_merge THEN sizes.requested ELSE sizes.shipped END AS n,
  totals.total / nullif(sum(totals.total) OVER (), 0) AS share
FROM totals
CROSS JOIN sizes
ORDER BY totals.total DESC, totals.stage
