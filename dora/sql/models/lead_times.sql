-- One row is one change of one application with its lead time, as the definitions in force measure it: when it started,
-- when it ended (null: not yet, or not recorded), and why it is excluded, if it is.
--
-- unique_key = ["application", "change_id"]
-- time = "began_at"
-- example = "SELECT application, median(hours) AS median_hours FROM lead_times WHERE shipped AND excluded IS NULL GROUP BY ALL ORDER BY median_hours"
-- shipped = "A deployment has shipped it."
-- began_at = "When the lead time started, by the definition in force."
-- entry_hours = "Its age at the baseline, from when on it was observed; null if it was from its start."
-- unknown_id = "First deployment of unknown content after its merge and before the one that shipped it."
-- hours_to_unknown = "Its lead time if that deployment shipped it."
WITH
unknowns AS (
  SELECT changes.change_id, unknown_deployments.*
  FROM changes
  INNER JOIN unknown_deployments
    ON changes.application = unknown_deployments.application
    AND changes.repository = unknown_deployments.repository
    AND changes.merged_at <= unknown_deployments.started_at
    AND coalesce(changes.merged_at > unknown_deployments.previous_started_at, TRUE)
),
change_clocks AS (
  SELECT
    changes.application,
    changes.change_id,
    changes.shipped_by,
    changes.baseline,
    changes.reverted_before_shipping,
    changes.shipped_by IS NOT NULL AS shipped,
    CASE definitions.lead_time_starts
      WHEN 'merged_at' THEN changes.merged_at
      WHEN 'committed_at' THEN changes.committed_at
      WHEN 'authored_at' THEN changes.authored_at
      WHEN 'first_commit_at' THEN changes.first_commit_at
      ELSE changes.opened_at
    END AS began_at,
    changes.cherry_pick_of IS NOT NULL AS repeated,
    changes.merge_time_issue,
    changes.merged_at,
    CASE WHEN changes.shipped_by IS DISTINCT FROM baselines.deployment_id THEN baselines.traffic_at END AS entered_at,
    changes.shipped_by = baselines.deployment_id AND changes.merged_at < baselines.since AS shipped_unobserved,
    CASE WHEN coalesce(unknowns.turn < lineage.turn, lineage.turn IS NULL) THEN unknowns.deployment_id END AS unknown_id,
    definitions.unknown_in_between,
    CASE definitions.lead_time_stops
      WHEN 'full_traffic_at' THEN coalesce(unknowns.full_traffic_at, unknowns.first_traffic_at)
      WHEN 'first_traffic_at' THEN unknowns.first_traffic_at
      ELSE unknowns.finished_at
    END AS unknown_at,
    definitions.lead_time_starts IN ('first_commit_at', 'opened_at') AS start_is_optional,
    CASE definitions.lead_time_stops
      WHEN 'full_traffic_at' THEN deployments.full_traffic_at
      WHEN 'first_traffic_at' THEN deployments.first_traffic_at
      ELSE deployments.finished_at
    END AS ended_at,
    ended_applications.is_stated AS is_ended,
    data_ends.as_of
  FROM changes
  INNER JOIN definitions ON changes.application = definitions.application
  LEFT JOIN deployments ON changes.shipped_by = deployments.deployment_id
  LEFT JOIN lineage ON changes.shipped_by = lineage.deployment_id
  LEFT JOIN baselines ON changes.application = baselines.application AND changes.repository = baselines.repository
  LEFT JOIN unknowns ON changes.application = unknowns.application AND changes.change_id = unknowns.change_id
  LEFT JOIN ended_applications ON changes.application = ended_applications.application
  INNER JOIN data_ends ON changes.application = data_ends.application
)
SELECT
  application,
  change_id,
  shipped_by,
  shipped,
  CASE
    WHEN began_at >= TIMESTAMP '1990-01-01' AND merge_time_issue IS DISTINCT FROM 'in_future' THEN began_at
  END AS began_at,
  ended_at,
  epoch(coalesce(ended_at, as_of) - began_at) / 3600 AS hours,
  CASE WHEN began_at < entered_at THEN epoch(entered_at - began_at) / 3600 END AS entry_hours,
  unknown_id,
  CASE WHEN unknown_id IS NOT NULL THEN epoch(unknown_at - began_at) / 3600 END AS hours_to_unknown,
  CASE
    WHEN repeated THEN 'cherry-picked from another change'
    WHEN baseline OR shipped_unobserved THEN 'shipped before the first recorded deployment'
    WHEN reverted_before_shipping THEN 'reverted before shipping'
    WHEN merge_time_issue = 'unreadable' THEN 'time unreadable'
    WHEN merge_time_issue = 'too_early' THEN 'time too early'
    WHEN merge_time_issue = 'in_future' THEN 'time in the future'
    WHEN merge_time_issue = 'before_parent' THEN 'time before its parent'
    WHEN merge_time_issue = 'before_commits' THEN 'time before its commits'
    WHEN merged_at < TIMESTAMP '1990-01-01' THEN 'impossible time'
    WHEN began_at IS NULL AND start_is_optional THEN 'unknown start'
    WHEN began_at IS NULL OR began_at < TIMESTAMP '1990-01-01' THEN 'impossible time'
    WHEN shipped AND ended_at IS NULL THEN 'no end time'
    WHEN shipped AND ended_at < greatest(began_at, merged_at) THEN 'deployed before its start'
    WHEN NOT shipped AND began_at > as_of THEN 'merged after the data ends'
    WHEN NOT shipped AND is_ended THEN 'its application ended'
    WHEN NOT shipped AND NOT is_ended THEN 'its application may have ended'
    WHEN unknown_id IS NOT NULL AND unknown_in_between = 'exclude' THEN 'unknown deployment in between'
  END AS excluded
FROM change_clocks
