-- label = "No approval"
-- title = "had no approval prompt"
-- among = "manual releases"
-- One row is one manual release, hotfix, promotion or configuration change; found if its pipeline had no approval prompt.
SELECT deployment_id, prompt_count = 0 AS found
FROM audit_trail_in_scope
WHERE started_manually AND kind IN ('release', 'hotfix', 'config', 'promotion')
