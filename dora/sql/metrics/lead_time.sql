-- title     = "Lead time for changes"
-- question  = "How long does a merged change take to serve production traffic?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "change"
-- by_commit = true
-- dimension = "throughput"
-- shaped_by = ["lead_time_unit", "lead_time_starts", "lead_time_stops", "count_merges", "unknown_in_between", "ended_after_days", "paths"]
-- One row is one change of one application, or one of its commits if the unit is the commit, dated when its lead time
-- started; censored while it awaits deployment. earliest is its value if a deployment of unknown content in between
-- shipped it.
SELECT
  lead_times.application,
  lead_times.began_at AS happened_at,
  lead_times.change_id AS subject,
  lead_times.hours AS value,
  NOT lead_times.shipped AS censored,
  lead_times.excluded,
  lead_times.entry_hours AS entry,
  lead_times.hours_to_unknown AS earliest
FROM lead_times
INNER JOIN definitions ON lead_times.application = definitions.application
WHERE definitions.lead_time_unit = 'change'
UNION ALL
SELECT
  application,
  began_at AS happened_at,
  commit_id AS subject,
  hours AS value,
  NOT shipped AS censored,
  excluded,
  entry_hours AS entry,
  hours_to_unknown AS earliest
FROM commit_lead_times
