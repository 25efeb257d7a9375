-- One row is one definition in force for one application, with the sentence that says what it means.
SELECT application, key, value, says
FROM definitions_in_force
ORDER BY application, key
