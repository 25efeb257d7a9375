-- label = "Approval timed out"
-- title = "were stopped by an approval timeout"
-- among = "changes with an approval prompt"
-- One row is one change with an approval prompt; found if one of them timed out and stopped the pipeline.
SELECT deployment_id, prompts_timed_out > 0 AS found
FROM audit_trail_in_scope
WHERE prompt_count > 0
