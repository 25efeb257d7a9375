-- One row is one change that is merged and not shipped for so many hours, from the first number on and less than the
-- second, the oldest first; the first of them all.
SELECT
  c.application,
  d.team,
  c.subject,
  c.author,
  c.merged_at,
  o.value / 24 AS days,
  c.change_request,
  substr(c.sha, 1, 9) AS short_sha,
  c.repository,
  c.sha,
  count(*) OVER () AS listed
FROM $observations AS o
INNER JOIN changes AS c ON o.application = c.application AND o.subject = c.change_id
INNER JOIN definitions AS d ON c.application = d.application
WHERE o.censored AND o.excluded IS NULL AND o.value >= ? AND o.value < ?
ORDER BY o.value DESC, c.change_id
LIMIT ?
