-- title    = "Stretches of history that were deleted before they were read; periods that meet one are incomplete"
-- severity = "warn"
-- next     = "run `dora nightly` every night, so that the source deletes nothing unread; compare no incomplete period"
-- One row is one stretch of one application; what lies in it is gone at the source and was never landed.
SELECT application, since, until
FROM history_gaps
WHERE reason = 'history is missing'
