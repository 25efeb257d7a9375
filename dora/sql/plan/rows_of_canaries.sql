-- One row is one canary and the part of its execution, else of its application.
SELECT canary_parts.part, placed.*
FROM facts.$table AS placed
INNER JOIN canary_parts ON placed.source = canary_parts.source AND placed.id = canary_parts.id
