-- One row is one change of one application with its lead time's clock as the definitions in force set it: when it began,
-- when it ended (null: it has not, or nobody knows), and why it is left out where it is.
WITH clocks AS (
  SELECT
    c.application,
    c.change_id,
    c.shipped_by,
    c.baseline,
    c.reverted_before_shipping,
    c.shipped_by IS NOT NULL AS shipped,
    CASE d.lead_time_starts
      WHEN 'merged_at' THEN c.merged_at
      WHEN 'committed_at' THEN c.committed_at
      WHEN 'authored_at' THEN c.authored_at
      WHEN 'first_commit_at' THEN c.first_commit_at
      ELSE c.opened_at
    END AS began_at,
    c.cherry_pick_of IS NOT NULL AS repeated,
    CASE WHEN d.lead_time_starts IN ('merged_at', 'committed_at') THEN c.merge_time_issue END AS merge_time_issue,
    d.lead_time_starts IN ('first_commit_at', 'opened_at') AS may_be_untold,
    CASE d.lead_time_stops
      WHEN 'full_traffic_at' THEN p.full_traffic_at WHEN 'first_traffic_at' THEN p.first_traffic_at ELSE p.finished_at
    END AS ended_at,
    build.as_of
  FROM changes AS c
  INNER JOIN definitions AS d ON c.application = d.application
  LEFT JOIN deployments AS p ON c.shipped_by = p.deployment_id
  CROSS JOIN build
)
SELECT
  application,
  change_id,
  shipped_by,
  shipped,
  CASE WHEN began_at >= TIMESTAMP '1990-01-01' AND merge_time_issue IS DISTINCT FROM 'in_future' THEN began_at END AS began_at,
  ended_at,
  epoch(coalesce(ended_at, as_of) - began_at) / 3600 AS hours,
  CASE
    WHEN repeated THEN 'cherry-picked from another change'
    WHEN baseline THEN 'shipped before the first recorded deployment'
    WHEN reverted_before_shipping THEN 'reverted before shipping'
    WHEN merge_time_issue = 'unreadable' THEN 'time unreadable'
    WHEN merge_time_issue = 'too_early' THEN 'time too early'
    WHEN merge_time_issue = 'in_future' THEN 'time in the future'
    WHEN merge_time_issue = 'before_parent' THEN 'time before its parent'
    WHEN began_at IS NULL AND may_be_untold THEN 'unknown start'
    WHEN began_at IS NULL OR began_at < TIMESTAMP '1990-01-01' THEN 'impossible time'
    WHEN shipped AND ended_at IS NULL THEN 'no end time'
    WHEN shipped AND ended_at < began_at THEN 'deployed before its start'
    WHEN NOT shipped AND began_at > as_of THEN 'merged after the data ends'
  END AS excluded
FROM clocks
