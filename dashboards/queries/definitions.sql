-- One row is one value of one definition in force, with the number of applications that it holds for.
WITH definition_values AS (
  SELECT key, value, description, count(*) AS applications FROM definitions_in_force GROUP BY key, value, description
)
SELECT definition_values.key, definition_values.value, definition_values.description, definition_values.applications
FROM definition_values
WHERE definition_values.key IN (SELECT key FROM definitions_in_force WHERE value <> '')
ORDER BY definition_values.key, definition_values.applications DESC, definition_values.value
