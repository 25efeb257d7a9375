-- One row is one observation of a metric ($metric) that differs between two builds, attached as earlier and dora, and
-- how.
WITH
old_observations AS (
  SELECT *, TRUE AS present FROM earlier.metrics."$metric"
),
new_observations AS (
  SELECT *, TRUE AS present FROM dora.metrics."$metric"
),
compared AS (
  SELECT
    application,
    subject,
    old_observations.value AS old_value,
    new_observations.value AS new_value,
    old_observations.excluded AS old_excluded,
    new_observations.excluded AS new_excluded,
    old_observations.censored AS old_pending,
    new_observations.censored AS new_pending,
    CASE
      WHEN old_observations.present IS NULL THEN 'added'
      WHEN new_observations.present IS NULL THEN 'removed'
      WHEN old_observations.excluded IS DISTINCT FROM new_observations.excluded THEN 'exclusion changed'
      WHEN old_observations.censored IS DISTINCT FROM new_observations.censored THEN 'pending changed'
      WHEN old_observations.value IS DISTINCT FROM new_observations.value THEN 'value changed'
    END AS difference,
    coalesce(new_observations.happened_at, old_observations.happened_at) AS happened_at
  FROM old_observations
  FULL JOIN new_observations USING (application, subject)
)
SELECT *
FROM compared
WHERE difference IS NOT NULL
ORDER BY difference, happened_at DESC NULLS LAST, application, subject
