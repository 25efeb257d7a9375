-- label = "Passed by timeout"
-- title = "continued after an approval timeout"
-- among = "changes with an approval prompt"
-- One row is one change with an approval prompt; found if one of them timed out and the pipeline continued.
SELECT deployment_id, prompts_passed_by_timeout > 0 AS found
FROM audit_trail_in_scope
WHERE prompt_count > 0
