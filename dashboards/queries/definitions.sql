-- One row is one value of one definition in force that is set anywhere, with for how many applications it holds.
WITH counted AS (
  SELECT key, value, description, count(*) AS applications FROM definitions_in_force GROUP BY key, value, description
)
SELECT c.key, c.value, c.description, c.applications
FROM counted AS c
WHERE c.key IN (SELECT key FROM definitions_in_force WHERE value <> '')
ORDER BY c.key, c.applications DESC, c.value
