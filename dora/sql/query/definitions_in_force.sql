-- One row is one value in force of one definition, of those in $keys if there are any, with what it means and how many applications it holds for.
SELECT key, value, count(*) AS applications, description
FROM definitions_in_force
WHERE
  ($keys::VARCHAR[] IS NULL OR list_contains($keys::VARCHAR[], key))
  AND ($any_application OR list_contains($applications::VARCHAR[], application))
GROUP BY ALL
ORDER BY key, applications DESC, value
