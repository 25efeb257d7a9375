-- One row is one deployment that shipped changes of which the host says who merged them: mergers, reviewers, and how
-- many of the changes their author merged without an approval.
WITH
merged_changes AS (
  SELECT shipped_by AS deployment_id, merged_by, reviewers, self_merged
  FROM changes
  WHERE shipped_by IS NOT NULL AND NOT baseline AND merged_by IS NOT NULL
),
reviewers AS (
  SELECT deployment_id, string_agg(reviewer, ', ' ORDER BY reviewer) AS reviewers
  FROM (SELECT DISTINCT deployment_id, unnest(reviewers) AS reviewer FROM merged_changes)
  GROUP BY deployment_id
)
SELECT
  merged_changes.deployment_id,
  string_agg(DISTINCT merged_changes.merged_by, ', ' ORDER BY merged_changes.merged_by) AS merged_by,
  any_value(reviewers.reviewers) AS reviewers,
  CASE WHEN count(merged_changes.self_merged) > 0 THEN count(*) FILTER (merged_changes.self_merged) END AS self_merged
FROM merged_changes
LEFT JOIN reviewers ON merged_changes.deployment_id = reviewers.deployment_id
GROUP BY merged_changes.deployment_id
