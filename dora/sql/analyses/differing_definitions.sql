-- One row is one key of the definitions in force of both builds whose value differs for an application.
SELECT application, key
FROM earlier.definitions_in_force AS old_keys
INNER JOIN dora.definitions_in_force AS new_keys USING (application, key)
WHERE new_keys.value IS DISTINCT FROM old_keys.value AND list_contains($keys::VARCHAR[], key)
