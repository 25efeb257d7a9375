-- title = "were approved by a user who may be one of their authors: it can not be told"
-- among = "approved changes"
-- One row is one approved change; found if it can not be told whether an approver is one of its authors.
SELECT deployment_id, author_approval IS NOT DISTINCT FROM 'unknown' AS found
FROM audit_trail_in_scope
WHERE approved_by IS NOT NULL
