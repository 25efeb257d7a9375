-- One row is one row of a landing table and one part with an interval of its judgment.
SELECT judgment_parts.part, placed.*
FROM facts.$table AS placed
INNER JOIN judgment_parts
  ON placed.source = judgment_parts.source AND placed.$key = judgment_parts.judgment_id
