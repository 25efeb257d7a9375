-- title     = "Lead time for changes"
-- question  = "How long does a merged change wait before it serves production traffic?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "change"
-- One row is one change of one application, dated when its clock started; censored while it waits.
SELECT
  application,
  began_at AS happened_at,
  change_id AS subject,
  hours AS value,
  NOT shipped AS censored,
  excluded
FROM clocks
