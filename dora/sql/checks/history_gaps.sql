-- title    = "Stretches of history that were deleted before they were ingested; periods that overlap one are incomplete"
-- severity = "warn"
-- next     = "run `dora nightly` every night, before the source deletes its history; do not compare incomplete periods"
-- One row is one stretch of one application that was deleted at the source and never landed.
SELECT application, since, until
FROM history_gaps
WHERE reason = 'history is missing'
