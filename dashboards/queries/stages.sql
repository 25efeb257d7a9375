-- One row is one stretch of a deployment's time, as hours since it was queued, with what held it up.
SELECT
  CASE WHEN s.stage IN ('queue', 'other') THEN 'queue and other' ELSE s.stage END AS what,
  epoch(s.started_at - p.queued_at) / 3600 AS start,
  epoch(s.ended_at - p.queued_at) / 3600 AS "end"
FROM deployment_stages AS s
INNER JOIN deployments AS p ON s.deployment_id = p.deployment_id
WHERE s.deployment_id = ?
ORDER BY s.started_at, s.ended_at
LIMIT 200
