-- One row is one change of one application: an entry on the trunk of a repository that feeds it, within its paths.
-- shipped_by is the first succeeded deployment that can reach it, or picks of it; baseline marks what the first one ever
-- seen brought; cherry_pick_of is the change whose pick it is; merge_time_issue says why its merge time can not be believed.
WITH
fed AS (
  SELECT DISTINCT a.application, l.repository
  FROM lineage AS l
  INNER JOIN attempts AS a ON l.deployment_id = a.deployment_id
  WHERE l.sha IS NOT NULL
  UNION
  SELECT DISTINCT unnest(applications) AS application, repository
  FROM landing.change
  WHERE on_trunk AND applications IS NOT NULL
),
trunk AS (
  SELECT t.*, c.subject, c.author, c.authored_at, c.committed_at, coalesce(t.reverts, c.reverts) AS undoes
  FROM landing.change AS t
  LEFT JOIN duplicate_commits AS w ON t.repository = w.repository AND t.sha = w.sha AND w.kind = 'change'
  LEFT JOIN landing.commit AS c ON t.repository = c.repository AND t.sha = c.sha
  LEFT JOIN duplicate_commits AS v ON c.repository = v.repository AND c.sha = v.sha AND v.kind = 'commit'
  WHERE t.on_trunk AND t.source = coalesce(w.source, t.source) AND coalesce(c.source = coalesce(v.source, c.source), TRUE)
),
touched AS (
  SELECT t.source, t.id, t.repository, unnest(t.paths) AS path
  FROM trunk AS t
  WHERE t.paths IS NOT NULL
),
scoped AS (
  SELECT DISTINCT touched.source, touched.id, d.application
  FROM touched
  INNER JOIN fed ON touched.repository = fed.repository
  INNER JOIN definitions AS d ON fed.application = d.application
  WHERE d.paths IS NOT NULL AND regexp_full_match(touched.path, d.paths)
),
belonging AS (
  SELECT fed.application, t.*
  FROM trunk AS t
  INNER JOIN fed ON t.repository = fed.repository
  INNER JOIN definitions AS d ON fed.application = d.application
  LEFT JOIN scoped ON t.source = scoped.source AND t.id = scoped.id AND fed.application = scoped.application
  WHERE
    (t.applications IS NULL OR list_contains(t.applications, fed.application))
    AND (d.paths IS NULL OR t.paths IS NULL OR scoped.id IS NOT NULL)
),
reverts AS (
  SELECT repository, undoes AS sha, min(sha) AS reverted_by
  FROM trunk
  WHERE undoes IS NOT NULL
  GROUP BY repository, undoes
),
undone AS (
  SELECT s.application, s.repository, s.sha, s.deployment_id
  FROM reverts AS r
  INNER JOIN shipped_changes AS s ON r.repository = s.repository AND r.reverted_by = s.sha
)
SELECT
  b.application,
  b.repository,
  b.sha,
  b.repository || '@' || b.sha AS change_id,
  b.subject,
  b.author,
  b.change_request,
  b.branch,
  b.kind AS merge_method,
  array_to_string(b.labels, ' ') AS labels,
  b.commits,
  b.files,
  b.lines_added,
  b.lines_removed,
  b.authored_at,
  b.committed_at,
  b.merged_at,
  b.merge_time_issue,
  coalesce(b.first_commit_at, q.first_commit_at) AS first_commit_at,
  q.opened_at,
  q.first_review_at,
  q.approved_at,
  b.undoes AS reverts,
  r.reverted_by,
  again.origin_sha AS cherry_pick_of,
  s.deployment_id AS shipped_by,
  coalesce(s.picked, FALSE) AS shipped_by_cherry_pick,
  coalesce(s.baseline, FALSE) AS baseline,
  r.reverted_by IS NOT NULL
  AND (s.deployment_id IS NULL OR s.deployment_id = coalesce(undone.deployment_id, '')) AS reverted_before_shipping
FROM belonging AS b
LEFT JOIN change_requests AS q ON b.repository = q.repository AND b.sha = q.sha
LEFT JOIN cherry_picked_changes AS again ON b.repository = again.repository AND b.sha = again.sha
LEFT JOIN reverts AS r ON b.repository = r.repository AND b.sha = r.sha
LEFT JOIN shipped_changes AS s
  ON b.application = s.application AND b.repository = s.repository AND b.sha = s.sha
LEFT JOIN undone
  ON b.application = undone.application AND r.repository = undone.repository AND r.reverted_by = undone.sha
