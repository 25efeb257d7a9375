-- One row is one change that one application shipped, with the first deployment that did: by reaching the change
-- itself, or cherry-picks of all of it, which are all of its commits or the trunk entry that stands for them.
WITH
deployed_commits AS (
  SELECT DISTINCT deployment_id, repository, sha FROM deployment_contents WHERE sha IS NOT NULL
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
)
SELECT
  coalesce(directly_shipped.application, shipped_by_picks.application) AS application,
  coalesce(directly_shipped.repository, shipped_by_picks.repository) AS repository,
  coalesce(directly_shipped.sha, shipped_by_picks.sha) AS sha,
  CASE
    WHEN directly_shipped.turn <= shipped_by_picks.turn OR shipped_by_picks.turn IS NULL
      THEN directly_shipped.deployment_id
    ELSE shipped_by_picks.deployment_id
  END AS deployment_id,
  CASE
    WHEN directly_shipped.turn <= shipped_by_picks.turn OR shipped_by_picks.turn IS NULL THEN directly_shipped.baseline
    ELSE shipped_by_picks.baseline
  END AS baseline,
  coalesce(directly_shipped.turn > shipped_by_picks.turn, directly_shipped.turn IS NULL) AS picked
FROM directly_shipped
FULL JOIN shipped_by_picks
  ON directly_shipped.application = shipped_by_picks.application
  AND directly_shipped.repository = shipped_by_picks.repository
  AND directly_shipped.sha = shipped_by_picks.sha
