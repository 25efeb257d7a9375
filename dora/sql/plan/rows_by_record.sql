-- One row is one verdict and the part of the deployment that it may mean.
SELECT record_parts.part, placed.*
FROM facts.$table AS placed
INNER JOIN record_parts
  ON record_parts.record = '$table' AND placed.source = record_parts.source AND placed.id = record_parts.id
