-- One row is one application of the window: what is known of its deployments and changes, the least known first.
WITH
served AS (
  SELECT
    o.application,
    count(*) AS deployments,
    avg(CASE WHEN p.attribution IN ('commit', 'version', 'restored') THEN 1.0 ELSE 0.0 END) AS known,
    max(p.traffic_at) AS quietest
  FROM $observations AS o
  INNER JOIN deployments AS p ON o.subject = p.deployment_id
  WHERE p.took_traffic
  GROUP BY o.application
),
firsts AS (
  SELECT application, min(traffic_at) AS since FROM deployments GROUP BY application
),
moved AS (
  SELECT
    application,
    count(*) AS changes,
    count(*) FILTER (WHERE excluded IS NOT NULL) AS left_out,
    count(*) FILTER (WHERE excluded IS NULL AND NOT shipped) AS open
  FROM lead_times
  GROUP BY application
),
missing AS (
  SELECT application, count(*) AS gaps FROM history_gaps WHERE reason = 'history is missing' GROUP BY application
)
SELECT s.application, d.team, f.since, s.deployments, s.known, m.changes, m.left_out, m.open, g.gaps, s.quietest
FROM served AS s
INNER JOIN definitions AS d ON s.application = d.application
LEFT JOIN firsts AS f ON s.application = f.application
LEFT JOIN moved AS m ON s.application = m.application
LEFT JOIN missing AS g ON s.application = g.application
ORDER BY s.known, s.application
LIMIT 500
