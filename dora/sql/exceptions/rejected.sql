-- label = "Rejected"
-- title = "were rejected by a user"
-- among = "changes with an approval prompt"
-- One row is one change with an approval prompt; found if a user stopped it there.
SELECT deployment_id, prompts_rejected > 0 AS found
FROM audit_trail_in_scope
WHERE prompt_count > 0
