-- label = "Commit unknown"
-- title = "have no known commit"
-- among = "production changes"
-- One row is one production change; found if its commit is unknown.
SELECT deployment_id, coalesce(commit, '') = '' AS found
FROM audit_trail_in_scope
WHERE changed_at IS NOT NULL
