-- One row is one commit of a trunk entry by a name that a revert gives it: its id, the number of its request, or its
-- subject, without the number of the request or as the title of the request that it merged.
WITH
names AS (
  SELECT DISTINCT repository, reference_kind, name FROM revert_references
),
repositories AS (
  SELECT DISTINCT repository FROM names
),
commits AS (
  SELECT repository, sha, subject, change_request, title FROM landing.commit
  SEMI JOIN repositories ON commit.repository = repositories.repository
),
merged_requests AS (
  SELECT repository, sha, change_request FROM commits WHERE change_request IS NOT NULL
  UNION ALL
  SELECT repository, sha, change_request FROM trunk_entries WHERE change_request IS NOT NULL
  UNION ALL
  SELECT repository, sha, number FROM change_requests
),
-- Splitting texts takes long: nearly all commits merge a single request, and end with its number.
request_numbers AS (
  SELECT repository, sha, change_request AS number FROM merged_requests WHERE change_request NOT LIKE '% %'
  UNION ALL
  SELECT repository, sha, unnest(string_split(change_request, ' ')) FROM merged_requests WHERE change_request LIKE '% %'
),
subjects AS (
  SELECT repository, sha, subject FROM commits
  UNION ALL
  SELECT repository, sha, title FROM commits WHERE title NOT LIKE '%' || chr(10) || '%'
  UNION ALL
  SELECT repository, sha, unnest(string_split(title, chr(10))) FROM commits WHERE title LIKE '%' || chr(10) || '%'
  UNION ALL
  SELECT repository, sha, left(subject, length(subject) - length(change_request) - 4)
  FROM commits
  WHERE ends_with(subject, ' (#' || change_request || ')') OR ends_with(subject, ' (!' || change_request || ')')
  UNION ALL
  SELECT repository, sha, regexp_replace(subject, ' \(pull request #\d+\)$', '')
  FROM commits
  WHERE subject LIKE '% (pull request #%)'
),
matches AS (
  -- An id that is short for two commits names none.
  SELECT names.*, min(included_commits.sha) AS sha
  FROM names
  INNER JOIN included_commits
    ON names.repository = included_commits.repository
    AND left(names.name, 7) = left(included_commits.sha, 7)
    AND starts_with(included_commits.sha, names.name)
  WHERE names.reference_kind = 'commit'
  GROUP BY ALL
  HAVING count(DISTINCT included_commits.sha) = 1
  UNION ALL
  SELECT names.*, request_numbers.sha
  FROM names
  INNER JOIN request_numbers ON names.repository = request_numbers.repository AND names.name = request_numbers.number
  WHERE names.reference_kind IN ('request', 'number')
  UNION ALL
  SELECT names.*, subjects.sha
  FROM names
  INNER JOIN subjects ON names.repository = subjects.repository AND names.name = subjects.subject
  WHERE names.reference_kind = 'subject'
)
SELECT matches.*, included_commits.change_sha, included_commits.generation, trunk_entries.branch
FROM matches
INNER JOIN included_commits
  ON matches.repository = included_commits.repository AND matches.sha = included_commits.sha
INNER JOIN trunk_entries
  ON included_commits.repository = trunk_entries.repository AND included_commits.change_sha = trunk_entries.sha
