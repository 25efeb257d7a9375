-- One row is one row of a landing table and the part of its execution.
SELECT execution_parts.part, placed.*
FROM facts.$table AS placed
INNER JOIN execution_parts ON placed.source = execution_parts.source AND placed.execution_id = execution_parts.id
