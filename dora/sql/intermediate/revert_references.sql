-- One row is one reference by which a commit of a trunk entry says what it reverts: reference_kind is commit, request,
-- subject or number (precedence 1 to 4), name the id, number or text. Requests of other repositories are left out.
WITH unnested AS (
  SELECT DISTINCT repository, sha, unnest(reverts) AS reference
  FROM landing.commit
  WHERE reverts IS NOT NULL
),
reference_values AS (
  SELECT
    repository,
    sha,
    split_part(reference, ' ', 1) AS reference_kind,
    substr(reference, strpos(reference, ' ') + 1) AS value
  FROM unnested
)
SELECT
  reference_values.repository,
  reference_values.sha,
  included_commits.change_sha,
  included_commits.generation,
  trunk_entries.branch,
  reference_kind,
  CASE reference_kind WHEN 'commit' THEN 1 WHEN 'request' THEN 2 WHEN 'subject' THEN 3 ELSE 4 END AS precedence,
  CASE reference_kind WHEN 'request' THEN regexp_extract(value, '\d+$') ELSE value END AS name
FROM reference_values
INNER JOIN included_commits
  ON reference_values.repository = included_commits.repository AND reference_values.sha = included_commits.sha
INNER JOIN trunk_entries
  ON included_commits.repository = trunk_entries.repository AND included_commits.change_sha = trunk_entries.sha
WHERE
  reference_kind <> 'request'
  OR value NOT LIKE '%#%'
  OR lower(regexp_extract(value, '([^/]*)#', 1)) = lower(regexp_extract(reference_values.repository, '[^/]*$'))
