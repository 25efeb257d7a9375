-- One row is one change with its pull request: matched by the merge commit, else by the number;
-- one of which no more than the merge is known (only_merged) last.
WITH
matches AS (
  SELECT
    change.repository,
    change.sha,
    change_request.source,
    change_request.id,
    change_request.opened_at IS NULL AS only_merged,
    1 AS rank
  FROM landing.change
  INNER JOIN landing.change_request ON change.repository = change_request.repository AND change.sha = change_request.sha
  UNION ALL
  SELECT
    change.repository,
    change.sha,
    change_request.source,
    change_request.id,
    change_request.opened_at IS NULL AS only_merged,
    2 AS rank
  FROM landing.change
  INNER JOIN landing.change_request
    ON change.repository = change_request.repository
    AND change.change_request = change_request.number
),
ranked_matches AS (
  SELECT *, row_number() OVER (PARTITION BY repository, sha ORDER BY only_merged, rank, source, id) AS place FROM matches
)
SELECT
  ranked_matches.repository,
  ranked_matches.sha,
  change_request.number,
  change_request.opened_at,
  change_request.first_commit_at,
  change_request.first_review_at,
  change_request.approved_at,
  change_request.merged_by,
  change_request.reviewers,
  lower(change_request.merged_by) = lower(change_request.author)
  AND CASE
    WHEN change_request.approved_at <= coalesce(change_request.merged_at, change_request.approved_at) THEN FALSE
    -- An export without approvals says nothing of them.
    WHEN change_request.approved_at IS NOT NULL OR change_request.approvers IS NOT NULL
      THEN len(coalesce(change_request.approvers, [])) = 0
  END AS self_merged,
  change_request.labels
FROM ranked_matches
INNER JOIN landing.change_request
  ON ranked_matches.source = change_request.source
  AND ranked_matches.id = change_request.id
WHERE ranked_matches.place = 1
