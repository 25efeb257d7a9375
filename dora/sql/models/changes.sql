-- One row is one change of one application: an entry on the trunk of a repository that it deploys from, within its
-- paths. shipped_by is the first succeeded deployment that reaches the change, or cherry-picks of all of it; baseline
-- marks the changes that the first recorded deployment had already shipped.
--
-- authored_at = "When its commit was authored."
-- committed_at = "When its commit was committed."
-- reverts = "Commit that it reverts."
-- reverted_by = "Commit that reverts it."
-- cherry_pick_of = "Change that it cherry-picks; that one counts instead."
-- shipped_by_cherry_pick = "Cherry-picks of it were shipped before it was."
-- reverted_before_shipping = "It was reverted before, or by, the deployment that shipped it."
WITH
reverts AS (
  SELECT repository, reverted_sha AS sha, min(sha) AS reverted_by
  FROM trunk_entries
  WHERE reverted_sha IS NOT NULL
  GROUP BY repository, reverted_sha
),
shipped_reverts AS (
  SELECT shipped_changes.application, shipped_changes.repository, shipped_changes.sha, shipped_changes.deployment_id
  FROM reverts
  INNER JOIN shipped_changes
    ON reverts.repository = shipped_changes.repository AND reverts.reverted_by = shipped_changes.sha
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
  array_to_string(changes.labels, ' ') AS labels,
  changes.commits,
  changes.files,
  changes.lines_added,
  changes.lines_removed,
  changes.authored_at,
  changes.committed_at,
  changes.merged_at,
  changes.merge_time_issue,
  coalesce(changes.first_commit_at, requests.first_commit_at) AS first_commit_at,
  requests.opened_at,
  requests.first_review_at,
  requests.approved_at,
  changes.reverted_sha AS reverts,
  reverts.reverted_by,
  cherry_picked.origin_sha AS cherry_pick_of,
  shipped.deployment_id AS shipped_by,
  coalesce(shipped.picked, FALSE) AS shipped_by_cherry_pick,
  coalesce(shipped.baseline, FALSE) AS baseline,
  reverts.reverted_by IS NOT NULL
  AND (shipped.deployment_id IS NULL OR shipped.deployment_id = coalesce(shipped_reverts.deployment_id, ''))
    AS reverted_before_shipping
FROM changes_by_application AS changes
LEFT JOIN change_requests AS requests ON changes.repository = requests.repository AND changes.sha = requests.sha
LEFT JOIN cherry_picked_changes AS cherry_picked
  ON changes.repository = cherry_picked.repository AND changes.sha = cherry_picked.sha
LEFT JOIN reverts ON changes.repository = reverts.repository AND changes.sha = reverts.sha
LEFT JOIN shipped_changes AS shipped
  ON changes.application = shipped.application
  AND changes.repository = shipped.repository
  AND changes.sha = shipped.sha
LEFT JOIN shipped_reverts
  ON changes.application = shipped_reverts.application
  AND reverts.repository = shipped_reverts.repository
  AND reverts.reverted_by = shipped_reverts.sha
