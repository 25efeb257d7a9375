-- label = "Approver unknown"
-- title = "were approved by a user of whom it is unknown whether they are an author"
-- among = "approved changes"
-- One row is one approved change; found if it is unknown whether an approver is one of its authors.
SELECT deployment_id, author_approval IS NOT DISTINCT FROM 'unknown' AS found
FROM audit_trail_in_scope
WHERE approved_by IS NOT NULL
