-- One row is one row of a landing table and one part in which its repository may be looked up.
SELECT repository_parts.part, placed.*
FROM facts.$table AS placed
INNER JOIN repository_parts ON placed.repository = repository_parts.spelling
