-- One row is one deployment whose changes spent most of their lead time in this stage.
WITH hours_by_stage AS (
  SELECT
    changes.shipped_by AS deployment_id,
    CASE
      WHEN lead_stages.stage IN ('queue', 'other', 'unknown') THEN 'queue and other'
      ELSE lead_stages.stage
    END AS stage,
    sum(lead_stages.hours) AS hours
  FROM changes
  INNER JOIN metrics.lead_time ON changes.application = lead_time.application AND changes.change_id = lead_time.subject
  INNER JOIN lead_stages ON changes.application = lead_stages.application AND changes.change_id = lead_stages.change_id
  WHERE lead_time.excluded IS NULL AND NOT lead_time.censored AND NOT changes.baseline
  GROUP BY ALL
)
SELECT deployment_id
FROM hours_by_stage
QUALIFY row_number() OVER (PARTITION BY deployment_id ORDER BY hours DESC, stage) = 1 AND stage = ?
