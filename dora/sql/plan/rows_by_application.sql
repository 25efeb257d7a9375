-- One row is one row of a landing table and the part of its application.
SELECT application_parts.part, placed.*
FROM facts.$table AS placed
INNER JOIN application_parts ON placed.application = application_parts.spelling
