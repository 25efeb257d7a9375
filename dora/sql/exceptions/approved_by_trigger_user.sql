-- label = "Approved by who triggered it"
-- title = "were approved by the user who triggered them"
-- among = "approved changes"
-- One row is one approved change; found if the user who triggered it approved it.
SELECT deployment_id, approved_by_trigger_user AS found
FROM audit_trail_in_scope
WHERE approved_by IS NOT NULL
