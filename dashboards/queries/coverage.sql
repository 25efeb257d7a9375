-- One row is the window: of its deployments that took traffic, of how many is the commit, full traffic or a canary known.
WITH
served AS (
  SELECT o.application, p.*
  FROM $observations AS o
  INNER JOIN deployments AS p ON o.subject = p.deployment_id
  WHERE p.took_traffic
),
judged AS (
  SELECT DISTINCT deployment_id FROM canaries
),
missing AS (
  SELECT count(*) AS gaps
  FROM history_gaps
  WHERE reason = 'history is missing' AND application IN (SELECT application FROM served)
)
SELECT
  count(*) AS served,
  count(*) FILTER (WHERE s.attribution IN ('commit', 'version', 'restored')) AS attributed,
  count(*) FILTER (WHERE s.full_traffic_at IS NOT NULL) AS timed,
  count(j.deployment_id) AS canaried,
  coalesce(max(m.gaps), 0) AS gaps
FROM served AS s
LEFT JOIN judged AS j ON s.deployment_id = j.deployment_id
CROSS JOIN missing AS m
