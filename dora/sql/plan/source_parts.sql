-- One row is one source and one part with an execution of it.
SELECT DISTINCT part, source FROM execution_parts
