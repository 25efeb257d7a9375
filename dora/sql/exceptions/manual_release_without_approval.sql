-- title = "had no approval prompt"
-- among = "manual releases"
-- One row is one manual release, hotfix or configuration change; found if its pipeline had no approval prompt.
SELECT deployment_id, questions = 0 AS found
FROM audit_trail_in_scope
WHERE by_hand AND kind IN ('release', 'hotfix', 'config')
