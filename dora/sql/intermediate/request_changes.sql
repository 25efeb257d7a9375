-- One row is one commit that is the head of a merged pull or merge request, with the trunk entry that the request became:
-- by the refs of the host, by its API, or as a further parent of the merge.
WITH
request_numbers AS (
  SELECT repository, sha, unnest(string_split(change_request, ' ')) AS number
  FROM landing.change
  WHERE on_trunk AND change_request IS NOT NULL
),
heads AS (
  SELECT repository, number, sha FROM landing.request_head
  UNION
  SELECT repository, number, head_sha FROM landing.change_request WHERE head_sha IS NOT NULL
),
merged_parents AS (
  SELECT
    change.repository,
    change.sha AS change_sha,
    list_extract(commit.parents, 1) AS first_parent,
    unnest(commit.parents) AS sha
  FROM landing.change
  INNER JOIN landing.commit ON change.repository = commit.repository AND change.sha = commit.sha
  WHERE change.on_trunk AND len(commit.parents) > 1
),
matches AS (
  SELECT heads.repository, heads.sha, request_numbers.sha AS change_sha
  FROM heads
  INNER JOIN request_numbers
    ON heads.repository = request_numbers.repository AND heads.number = request_numbers.number
  UNION
  SELECT repository, head_sha, sha FROM landing.change_request WHERE head_sha IS NOT NULL AND sha IS NOT NULL
  UNION
  SELECT repository, sha, change_sha FROM merged_parents WHERE sha <> first_parent
)
SELECT DISTINCT matches.repository, matches.sha, matches.change_sha
FROM matches
INNER JOIN landing.change ON matches.repository = change.repository AND matches.change_sha = change.sha
WHERE change.on_trunk AND matches.sha <> matches.change_sha
