-- One row is one row of a landing table that every part has, and one part.
SELECT part_numbers.part, placed.*
FROM facts.$table AS placed
CROSS JOIN part_numbers
