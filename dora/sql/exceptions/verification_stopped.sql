-- label = "Verification stopped"
-- title = "were stopped at a verification after they served"
-- among = "production changes"
-- One row is one production change; found if a user stopped its pipeline at a prompt after it had served.
SELECT deployment_id, stopped_verifications > 0 AS found
FROM audit_trail_in_scope
WHERE changed_at IS NOT NULL
