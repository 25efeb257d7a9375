-- One row is one incident or verdict that a part alone does not link as all parts together do.
SELECT record_parts.part, links.*
FROM links
INNER JOIN record_parts
  ON links.record = record_parts.record
  AND links.source = record_parts.source
  AND links.id = record_parts.id
