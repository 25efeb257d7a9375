-- One row is one value in force of one definition among $keys, with what it means and how many applications it holds for.
SELECT key, value, description, count(*) AS applications
FROM definitions_in_force
WHERE list_contains($keys::VARCHAR[], key) AND list_contains($applications::VARCHAR[], application)
GROUP BY ALL
ORDER BY key, applications DESC, value
