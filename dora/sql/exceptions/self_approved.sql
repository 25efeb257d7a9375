-- title = "were self-approved: approved only by an author"
-- among = "approved changes"
-- One row is one approved change; found if every approver is one of its authors (segregation of duties).
SELECT deployment_id, coalesce(self_approval LIKE '%by an author alone%', FALSE) AS found
FROM audit_trail_in_scope
WHERE approved_by IS NOT NULL
