-- One row is one change that has awaited deployment for so many hours, from the first number (inclusive) to the second
-- (exclusive), and has a text in its commit, pull request, subject, author, application or team; oldest first. The
-- first of all.
SELECT
  changes.application,
  definitions.team,
  changes.subject,
  changes.author,
  changes.merged_at,
  observations.value / 24 AS days,
  changes.change_request,
  substr(changes.sha, 1, 9) AS short_sha,
  changes.repository,
  changes.sha,
  count(*) OVER () AS listed
FROM $observations AS observations
INNER JOIN changes ON observations.application = changes.application AND observations.subject = changes.change_id
INNER JOIN definitions ON changes.application = definitions.application
WHERE
  observations.censored
  AND observations.excluded IS NULL
  AND observations.value >= ?
  AND observations.value < ?
  AND contains(
    lower(
      concat_ws(
        chr(10),
        changes.sha,
        changes.change_request,
        changes.subject,
        changes.author,
        changes.application,
        definitions.team
      )
    ),
    lower(?)
  )
ORDER BY observations.value DESC, changes.change_id
LIMIT ?
