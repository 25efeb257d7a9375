-- One row is one change that the deployment shipped first, slowest first.
SELECT
  changes.subject,
  changes.author,
  changes.merged_at,
  CASE WHEN lead_time.excluded IS NULL THEN lead_time.value END AS hours,
  lead_time.excluded,
  changes.sha,
  substr(changes.sha, 1, 9) AS short_sha,
  changes.repository,
  changes.change_request,
  changes.lines_added,
  changes.lines_removed
FROM changes
INNER JOIN metrics.lead_time ON changes.application = lead_time.application AND changes.change_id = lead_time.subject
WHERE changes.shipped_by = ? AND NOT changes.baseline
ORDER BY hours DESC NULLS LAST, changes.merged_at, changes.sha
LIMIT 200
