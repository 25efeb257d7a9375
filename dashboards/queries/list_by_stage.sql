-- One row is one deployment whose changes, together, spent most of their lead time in this stage.
WITH spent AS (
  SELECT
    c.shipped_by AS deployment_id,
    CASE WHEN s.stage IN ('queue', 'other', 'unknown') THEN 'queue and other' ELSE s.stage END AS stage,
    sum(s.hours) AS hours
  FROM changes AS c
  INNER JOIN metrics.lead_time AS l ON c.application = l.application AND c.change_id = l.subject
  INNER JOIN lead_stages AS s ON c.application = s.application AND c.change_id = s.change_id
  WHERE l.excluded IS NULL AND NOT l.censored AND NOT c.baseline
  GROUP BY ALL
)
SELECT deployment_id
FROM spent
QUALIFY row_number() OVER (PARTITION BY deployment_id ORDER BY hours DESC, stage) = 1 AND stage = ?
