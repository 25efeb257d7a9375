-- label = "Unauthorized attempt"
-- title = "had a decision attempt by an unauthorized user"
-- among = "changes with an approval prompt"
-- One row is one change with an approval prompt; found if a user without the required role tried to answer it.
SELECT deployment_id, unauthorized_users IS NOT NULL AS found
FROM audit_trail_in_scope
WHERE prompt_count > 0
