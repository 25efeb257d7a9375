-- label = "Approval skipped"
-- title = "had an approval prompt that was skipped"
-- among = "changes with an approval prompt"
-- One row is one change with an approval prompt; found if one of them was skipped.
SELECT deployment_id, prompts_skipped > 0 AS found
FROM audit_trail_in_scope
WHERE prompt_count > 0
