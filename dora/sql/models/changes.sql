-- One row is one change of one application: an entry on the trunk of a repository that it deploys from, within its
-- paths. shipped_by is the first succeeded deployment that reaches the change, or cherry-picks of all of it; baseline
-- marks the changes that the first recorded deployment had already shipped.
--
-- unique_key = ["application", "change_id"]
-- time = "merged_at"
-- example = "SELECT application, merged_at, author, subject FROM changes WHERE shipped_by IS NULL AND NOT baseline ORDER BY merged_at"
-- subject = "First line of its message."
-- authored_at = "When its commit was authored."
-- committed_at = "When its commit was committed."
-- reverts = "Changes that it reverts, joined by a space."
-- reverted_by = "Last change that reverts it."
-- cherry_pick_of = "Change that it cherry-picks; that one counts instead."
-- merged_by = "User who merged its pull or merge request."
-- reviewers = "Users other than its author who reviewed it."
-- self_merged = "True if the author of its request merged it without an approval of another user; null if the host does not say who merged it, or tells no approvals."
-- shipped_by_cherry_pick = "Cherry-picks of it were shipped before it was."
-- reverted_before_shipping = "It was reverted before, or by, the deployment that shipped it."
WITH
direct_reverts AS (
  SELECT repository, sha, string_agg(reverted_sha, ' ' ORDER BY reverted_sha) AS reverts
  FROM reverts
  WHERE depth = 1
  GROUP BY repository, sha
),
-- The last of the reverts that its first deployment reaches decides whether that deployment shipped the change.
reverted_changes AS (
  SELECT
    changes.application,
    changes.repository,
    changes.sha,
    max_by(CASE WHEN reverts.depth = 1 THEN reverts.sha END, reverts.generation) AS reverted_by,
    coalesce(
      max_by(reverts.depth % 2 = 1, reverts.generation) FILTER (
        WHERE shipped.deployment_id IS NULL OR shipped.deployment_id = shipped_reverts.deployment_id
      ),
      FALSE
    ) AS reverted_before_shipping
  FROM changes_by_application AS changes
  INNER JOIN reverts ON changes.repository = reverts.repository AND changes.sha = reverts.reverted_sha
  LEFT JOIN shipped_changes AS shipped
    ON changes.application = shipped.application
    AND changes.repository = shipped.repository
    AND changes.sha = shipped.sha
  LEFT JOIN shipped_changes AS shipped_reverts
    ON changes.application = shipped_reverts.application
    AND reverts.repository = shipped_reverts.repository
    AND reverts.sha = shipped_reverts.sha
  GROUP BY changes.application, changes.repository, changes.sha
)
SELECT
  changes.application,
  changes.repository,
  changes.sha,
  changes.repository || '@' || changes.sha AS change_id,
  changes.subject,
  changes.author,
  changes.change_request,
  changes.branch,
  changes.kind AS merge_method,
  nullif(
    concat_ws(
      ' ', nullif(array_to_string(changes.labels, ' '), ''), CASE WHEN direct_reverts.sha IS NOT NULL THEN 'revert' END
    ),
    ''
  ) AS labels,
  changes.commits,
  changes.files,
  changes.lines_added,
  changes.lines_removed,
  changes.authored_at,
  changes.committed_at,
  changes.merged_at,
  coalesce(
    changes.merge_time_issue, CASE WHEN merges_before_commits.sha IS NOT NULL THEN 'before_commits' END
  ) AS merge_time_issue,
  -- The repository has only the last of the commits of a squash.
  CASE
    WHEN changes.kind = 'squash' THEN coalesce(requests.first_commit_at, changes.first_commit_at)
    ELSE coalesce(changes.first_commit_at, requests.first_commit_at)
  END AS first_commit_at,
  requests.opened_at,
  requests.first_review_at,
  requests.approved_at,
  requests.merged_by,
  requests.reviewers,
  requests.self_merged,
  direct_reverts.reverts,
  reverted_changes.reverted_by,
  cherry_picked.origin_sha AS cherry_pick_of,
  shipped.deployment_id AS shipped_by,
  coalesce(shipped.picked, FALSE) AS shipped_by_cherry_pick,
  coalesce(shipped.baseline, FALSE) AS baseline,
  coalesce(reverted_changes.reverted_before_shipping, FALSE) AS reverted_before_shipping
FROM changes_by_application AS changes
LEFT JOIN change_requests AS requests ON changes.repository = requests.repository AND changes.sha = requests.sha
LEFT JOIN cherry_picked_changes AS cherry_picked
  ON changes.repository = cherry_picked.repository AND changes.sha = cherry_picked.sha
LEFT JOIN merges_before_commits
  ON changes.repository = merges_before_commits.repository AND changes.sha = merges_before_commits.sha
LEFT JOIN direct_reverts ON changes.repository = direct_reverts.repository AND changes.sha = direct_reverts.sha
LEFT JOIN reverted_changes
  ON changes.application = reverted_changes.application
  AND changes.repository = reverted_changes.repository
  AND changes.sha = reverted_changes.sha
LEFT JOIN shipped_changes AS shipped
  ON changes.application = shipped.application
  AND changes.repository = shipped.repository
  AND changes.sha = shipped.sha
