-- label = "Canary never ran"
-- title = "had no canary analysis"
-- among = "production changes with a canary configured"
-- One row is one production change whose pipeline has a canary; found if no analysis of it ever ran.
SELECT deployment_id, verdict IS NULL AS found
FROM audit_trail_in_scope
WHERE canary_configured AND changed_at IS NOT NULL
