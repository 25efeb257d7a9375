-- One row is one commit of a change, for applications whose lead time counts commits. It ends with the lead time of
-- its change and is excluded for the same reason; it starts as the definitions say, by the commit's own time if they
-- ask for it.
WITH
timed_commits AS (
  SELECT
    lead_times.application,
    lead_times.change_id,
    included_commits.repository || '@' || included_commits.sha AS commit_id,
    lead_times.shipped,
    lead_times.excluded,
    lead_times.ended_at,
    lead_times.entry_hours,
    lead_times.hours_to_unknown,
    len(commit.parents) > 1 AND NOT definitions.count_merges AS is_left_apart,
    data_ends.as_of,
    CASE
      WHEN definitions.lead_time_starts = 'committed_at' THEN commit.committed_at
      WHEN definitions.lead_time_starts IN ('authored_at', 'first_commit_at') THEN commit.authored_at
      ELSE lead_times.began_at
    END AS began_at,
    lead_times.began_at AS change_began_at
  FROM lead_times
  INNER JOIN definitions ON lead_times.application = definitions.application
  INNER JOIN changes ON lead_times.application = changes.application AND lead_times.change_id = changes.change_id
  INNER JOIN included_commits
    ON changes.repository = included_commits.repository
    AND changes.sha = included_commits.change_sha
  INNER JOIN landing.commit ON included_commits.repository = commit.repository AND included_commits.sha = commit.sha
  LEFT JOIN duplicate_commits
    ON commit.repository = duplicate_commits.repository
    AND commit.sha = duplicate_commits.sha
    AND duplicate_commits.kind = 'commit'
  INNER JOIN data_ends ON lead_times.application = data_ends.application
  WHERE definitions.lead_time_unit = 'commit' AND commit.source = coalesce(duplicate_commits.source, commit.source)
)
SELECT
  application,
  change_id,
  commit_id,
  shipped,
  began_at,
  epoch(coalesce(ended_at, as_of) - began_at) / 3600 AS hours,
  -- A commit enters with its change, and is as much older as it began before it.
  entry_hours + epoch(change_began_at - began_at) / 3600 AS entry_hours,
  hours_to_unknown + epoch(change_began_at - began_at) / 3600 AS hours_to_unknown,
  CASE
    WHEN excluded IS NOT NULL THEN excluded
    WHEN is_left_apart THEN 'merge commit'
    WHEN began_at IS NULL OR began_at < TIMESTAMP '1990-01-01' THEN 'impossible time'
    WHEN shipped AND ended_at < began_at THEN 'deployed before its start'
    WHEN NOT shipped AND began_at > as_of THEN 'merged after the data ends'
  END AS excluded
FROM timed_commits
