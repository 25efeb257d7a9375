-- One row is one change of the scope that awaits its deployment, the oldest first.
SELECT *
FROM $change_timeline AS changes
WHERE state = 'open'
ORDER BY merged_at ASC NULLS FIRST, change_id DESC, application DESC
