-- One row is one attempt that its own execution tree reverted (rollback on failure, or a later rollback stage): every
-- target that took traffic was rolled back. From reverted_in_run_at on the previous content serves again.
SELECT deployment_id, max(reverted_at) AS reverted_in_run_at
FROM served_targets
WHERE governing_class = 'deploy'
GROUP BY deployment_id
HAVING bool_and(reverted_at IS NOT NULL)
