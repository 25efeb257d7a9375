-- label = "Canary overridden"
-- title = "took traffic after a failed or marginal canary"
-- among = "changes with a canary"
-- One row is one change with a canary; found if it took traffic although its last canary did not pass.
SELECT deployment_id, verdict IN ('fail', 'marginal') AND changed_at IS NOT NULL AS found
FROM audit_trail_in_scope
WHERE verdict IS NOT NULL
