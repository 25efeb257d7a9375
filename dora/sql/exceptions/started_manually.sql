-- title = "were started manually"
-- among = "changes"
-- One row is one change whose trigger is recorded; found if a user started it.
SELECT deployment_id, by_hand AS found
FROM audit_trail_in_scope
WHERE by_hand IS NOT NULL
