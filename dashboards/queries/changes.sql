-- One row is one change that the deployment asked for was the first to ship, the slowest first.
SELECT
  c.subject,
  c.author,
  c.merged_at,
  CASE WHEN l.excluded IS NULL THEN l.value END AS hours,
  l.excluded,
  c.sha,
  substr(c.sha, 1, 9) AS short_sha,
  c.repository,
  c.change_request,
  c.lines_added,
  c.lines_removed
FROM changes AS c
INNER JOIN metrics.lead_time AS l ON c.application = l.application AND c.change_id = l.subject
WHERE c.shipped_by = ? AND NOT c.baseline
ORDER BY hours DESC NULLS LAST, c.merged_at, c.sha
LIMIT 200
