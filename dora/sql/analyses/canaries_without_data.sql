-- One row is one canary whose score has metric groups without data; the latest three.
SELECT application, happened_at
FROM $canary_outcomes
WHERE verdict = 'no_data'
ORDER BY happened_at DESC, canary_id, application
LIMIT 3
