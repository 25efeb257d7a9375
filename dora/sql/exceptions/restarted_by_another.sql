-- label = "Restarted by another"
-- title = "were restarted by another person than the one who triggered them"
-- among = "restarted changes"
-- One row is one change of which a stage was restarted; found if another person than the one who triggered it did.
SELECT deployment_id, coalesce(restarted_by_another, FALSE) AS found
FROM audit_trail_in_scope
WHERE restarts > 0
