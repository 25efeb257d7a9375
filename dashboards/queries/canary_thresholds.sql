-- One row: the pass threshold that most canaries had.
SELECT pass_threshold
FROM $canary_outcomes
WHERE pass_threshold IS NOT NULL
GROUP BY pass_threshold
ORDER BY count(*) DESC, max(happened_at) DESC
LIMIT 1
