-- label = "Started manually"
-- title = "were started manually"
-- among = "changes"
-- One row is one change whose trigger is recorded; found if a user started it.
SELECT deployment_id, started_manually AS found
FROM audit_trail_in_scope
WHERE started_manually IS NOT NULL
