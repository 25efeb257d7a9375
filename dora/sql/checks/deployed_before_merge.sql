-- title    = "Changes that were deployed before their lead time started, excluded from lead time"
-- severity = "warn"
-- next     = "nothing, if a branch was deployed before it was merged; else compare the clocks of the git host and of the deployment system"
-- One row is one change.
SELECT subject, application, happened_at, value AS hours
FROM metrics.lead_time
WHERE excluded = 'deployed before its start'
