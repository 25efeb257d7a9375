-- One row is one row of a landing table and the part of its canary.
SELECT canary_parts.part, placed.*
FROM facts.$table AS placed
INNER JOIN canary_parts ON placed.source = canary_parts.source AND placed.canary_id = canary_parts.id
