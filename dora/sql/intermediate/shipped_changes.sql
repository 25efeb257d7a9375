-- One row is one change that one application shipped, with the first deployment that did: by reaching the change
-- itself or a commit beside the trunk for which it stands, by deploying the head of the request that became the change
-- or the commits that were rebased, or by reaching cherry-picks of all of it, which are all of its commits or the trunk entry that stands for them.
WITH
deployed_commits AS (
  SELECT deployment_id, repository, sha FROM deployment_contents WHERE sha IS NOT NULL
  UNION
  SELECT deployment_contents.deployment_id, stand_in_commits.repository, stand_in_commits.change_sha
  FROM deployment_contents
  INNER JOIN stand_in_commits
    ON deployment_contents.repository = stand_in_commits.repository AND deployment_contents.sha = stand_in_commits.sha
),
first_shipments AS (
  SELECT
    shipped_commits.application,
    shipped_commits.repository,
    shipped_commits.sha,
    shipped_commits.deployment_id,
    lineage.turn,
    shipped_commits.baseline AND deployed_commits.sha IS NULL AS baseline
  FROM shipped_commits
  INNER JOIN lineage ON shipped_commits.deployment_id = lineage.deployment_id
  LEFT JOIN deployed_commits
    ON shipped_commits.deployment_id = deployed_commits.deployment_id
    AND shipped_commits.repository = deployed_commits.repository
    AND shipped_commits.sha = deployed_commits.sha
),
directly_shipped AS (
  SELECT first_shipments.*
  FROM first_shipments
  INNER JOIN included_commits
    ON first_shipments.repository = included_commits.repository
    AND first_shipments.sha = included_commits.sha
    AND first_shipments.sha = included_commits.change_sha
),
picked_changes AS (
  SELECT DISTINCT repository, change_sha FROM cherry_picks
),
commits_by_change AS (
  SELECT included_commits.repository, included_commits.change_sha, count(DISTINCT included_commits.sha) AS commits
  FROM picked_changes
  INNER JOIN included_commits
    ON picked_changes.repository = included_commits.repository
    AND picked_changes.change_sha = included_commits.change_sha
  INNER JOIN landing.commit ON included_commits.repository = commit.repository AND included_commits.sha = commit.sha
  WHERE len(commit.parents) < 2
  GROUP BY included_commits.repository, included_commits.change_sha
),
shipped_picks AS (
  SELECT
    first_shipments.application,
    cherry_picks.repository,
    cherry_picks.change_sha,
    cherry_picks.origin,
    min(first_shipments.turn) AS turn,
    bool_or(first_shipments.baseline) AS baseline
  FROM cherry_picks
  INNER JOIN first_shipments
    ON cherry_picks.repository = first_shipments.repository
    AND cherry_picks.sha = first_shipments.sha
  GROUP BY first_shipments.application, cherry_picks.repository, cherry_picks.change_sha, cherry_picks.origin
),
completely_picked AS (
  SELECT
    shipped_picks.application,
    shipped_picks.repository,
    shipped_picks.change_sha AS sha,
    least(
      min(CASE WHEN shipped_picks.origin = shipped_picks.change_sha THEN shipped_picks.turn END),
      CASE WHEN count(*) = min(commits_by_change.commits) THEN max(shipped_picks.turn) END
    ) AS turn,
    bool_and(shipped_picks.baseline) AS baseline
  FROM shipped_picks
  LEFT JOIN commits_by_change
    ON shipped_picks.repository = commits_by_change.repository
    AND shipped_picks.change_sha = commits_by_change.change_sha
  GROUP BY shipped_picks.application, shipped_picks.repository, shipped_picks.change_sha
),
shipped_by_picks AS (
  SELECT
    completely_picked.application,
    completely_picked.repository,
    completely_picked.sha,
    completely_picked.turn,
    lineage.deployment_id,
    completely_picked.baseline
  FROM completely_picked
  INNER JOIN lineage ON completely_picked.turn = lineage.turn
),
shipped_as_requests AS (
  SELECT
    attempts.application,
    request_changes.repository,
    request_changes.change_sha AS sha,
    min_by(lineage.deployment_id, lineage.turn) AS deployment_id,
    min(lineage.turn) AS turn
  FROM deployed_commits
  INNER JOIN request_changes
    ON deployed_commits.repository = request_changes.repository AND deployed_commits.sha = request_changes.sha
  INNER JOIN attempts ON deployed_commits.deployment_id = attempts.deployment_id
  INNER JOIN lineage ON attempts.deployment_id = lineage.deployment_id
  WHERE attempts.succeeded
  GROUP BY attempts.application, request_changes.repository, request_changes.change_sha
),
-- A request that is rebased leaves its commits beside the trunk; they keep author, author time and subject.
rebased_commits AS (
  SELECT repository, author, authored_at, subject, min(sha) AS sha
  FROM trunk_entries
  WHERE authored_at IS NOT NULL
  GROUP BY repository, author, authored_at, subject
  HAVING count(*) = 1
),
shipped_before_rebase AS (
  SELECT
    first_shipments.application,
    rebased_commits.repository,
    rebased_commits.sha,
    min_by(first_shipments.deployment_id, first_shipments.turn) AS deployment_id,
    min(first_shipments.turn) AS turn,
    bool_and(first_shipments.baseline) AS baseline
  FROM first_shipments
  ANTI JOIN included_commits
    ON first_shipments.repository = included_commits.repository AND first_shipments.sha = included_commits.sha
  -- What was on trunk once is compared by its patch where the rewrite of the trunk is read.
  ANTI JOIN landing.change ON first_shipments.repository = change.repository AND first_shipments.sha = change.sha
  INNER JOIN landing.commit ON first_shipments.repository = commit.repository AND first_shipments.sha = commit.sha
  INNER JOIN rebased_commits
    ON commit.repository = rebased_commits.repository
    AND commit.author = rebased_commits.author
    AND commit.authored_at = rebased_commits.authored_at
    AND commit.subject = rebased_commits.subject
  WHERE len(commit.parents) = 1
  GROUP BY first_shipments.application, rebased_commits.repository, rebased_commits.sha
),
shipments AS (
  SELECT application, repository, sha, deployment_id, turn, baseline, FALSE AS picked FROM directly_shipped
  UNION ALL
  SELECT application, repository, sha, deployment_id, turn, FALSE, FALSE FROM shipped_as_requests
  UNION ALL
  SELECT application, repository, sha, deployment_id, turn, baseline, FALSE FROM shipped_before_rebase
  UNION ALL
  SELECT application, repository, sha, deployment_id, turn, baseline, TRUE FROM shipped_by_picks
)
SELECT
  application,
  repository,
  sha,
  min_by(deployment_id, turn * 2 + picked::INTEGER) AS deployment_id,
  bool_and(baseline) FILTER (WHERE turn = first_turn) AS baseline,
  min_by(picked, turn * 2 + picked::INTEGER) AS picked
FROM (SELECT *, min(turn) OVER (PARTITION BY application, repository, sha) AS first_turn FROM shipments)
GROUP BY application, repository, sha
