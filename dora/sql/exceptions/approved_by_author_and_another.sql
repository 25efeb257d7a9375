-- label = "Author among approvers"
-- title = "were approved by an author and another user"
-- among = "approved changes"
-- One row is one approved change; found if an author approved it, but not alone.
SELECT deployment_id, author_approval IS NOT DISTINCT FROM 'shared' AS found
FROM audit_trail_in_scope
WHERE approved_by IS NOT NULL
