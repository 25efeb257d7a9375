-- One row is one key of the definitions in force that differs for an application between two builds.
SELECT coalesce(new_keys.application, old_keys.application) AS application, key
FROM earlier.definitions_in_force AS old_keys
FULL JOIN dora.definitions_in_force AS new_keys USING (application, key)
WHERE new_keys.value IS DISTINCT FROM old_keys.value AND list_contains($keys::VARCHAR[], key)
