-- One row is one user who overrode canaries, with their number, most first.
SELECT overridden_by, count(*) AS canaries
FROM $canary_outcomes
WHERE overridden_by IS NOT NULL
GROUP BY overridden_by
ORDER BY count(*) DESC, max(happened_at) DESC, overridden_by
LIMIT 3
