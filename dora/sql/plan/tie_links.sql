-- One row is the application of an incident or verdict, if it has one, and that of the deployment which it means, in
-- another part.
SELECT DISTINCT
  CASE
    WHEN record_parts.application IS NULL THEN [links.application]
    ELSE list_sort([record_parts.application, links.application])
  END AS applications
FROM links
INNER JOIN record_parts
  ON links.record = record_parts.record AND links.source = record_parts.source AND links.id = record_parts.id
INNER JOIN parts_of_applications AS linked ON links.application = linked.application
WHERE links.deployment_id IS NOT NULL AND linked.part <> record_parts.part
