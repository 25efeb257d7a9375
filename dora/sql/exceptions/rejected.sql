-- title = "were rejected at an approval prompt"
-- among = "changes with an approval prompt"
-- One row is one change with an approval prompt; found if a user stopped it there.
SELECT deployment_id, stopped_by IS NOT NULL AS found
FROM $audit_trail
WHERE questions > 0
