-- One row is one change that the deployment asked for was the first to ship.
SELECT
  c.subject,
  c.author,
  c.merged_at,
  CASE WHEN l.excluded IS NULL THEN l.value END AS hours,
  l.excluded,
  c.sha,
  c.repository,
  c.change_request
FROM changes AS c
INNER JOIN metrics.lead_time AS l ON c.application = l.application AND c.change_id = l.subject
WHERE c.shipped_by = ? AND NOT c.baseline
ORDER BY hours DESC NULLS LAST, c.merged_at, c.sha
