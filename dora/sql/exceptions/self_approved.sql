-- label = "Self-approved"
-- title = "were self-approved: approved only by an author"
-- among = "approved changes"
-- One row is one approved change; found if every approver is one of its authors (segregation of duties).
SELECT deployment_id, author_approval IS NOT DISTINCT FROM 'alone' AS found
FROM audit_trail_in_scope
WHERE approved_by IS NOT NULL
