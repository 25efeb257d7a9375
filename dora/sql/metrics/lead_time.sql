-- title     = "Lead time for changes"
-- question  = "How long does a merged change wait before it serves production traffic?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "change"
-- shaped_by = ["lead_time_unit", "lead_time_starts", "lead_time_stops", "paths"]
-- One row is one change of one application, or one of its commits where the unit is the commit, dated when its clock
-- started; censored while it waits.
SELECT
  k.application,
  k.began_at AS happened_at,
  k.change_id AS subject,
  k.hours AS value,
  NOT k.shipped AS censored,
  k.excluded
FROM lead_times AS k
INNER JOIN definitions AS d ON k.application = d.application
WHERE d.lead_time_unit = 'change'
UNION ALL
SELECT
  application,
  began_at AS happened_at,
  commit_id AS subject,
  hours AS value,
  NOT shipped AS censored,
  excluded
FROM commit_lead_times
