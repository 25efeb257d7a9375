-- One row is one incident or verdict and the part of its application; else of the deployment that all parts together
-- link it with, or that it may mean; else the first part.
SELECT DISTINCT
  coalesce(own_parts.part, linked_parts.part, matched_parts.part, 0) AS part,
  records.record,
  records.source,
  records.id,
  records.application
FROM (
  SELECT 'incident' AS record, source, id, application FROM incident_records
  UNION ALL
  SELECT 'verdict', source, id, application FROM landing.verdict
) AS records
LEFT JOIN parts_of_applications AS own_parts ON records.application = own_parts.application
LEFT JOIN links
  ON records.record = links.record AND records.source = links.source AND records.id = links.id
LEFT JOIN parts_of_applications AS linked_parts ON links.application = linked_parts.application
LEFT JOIN record_matches AS matches
  ON records.record = matches.record
  AND records.source = matches.source
  AND records.id = matches.id
  AND records.application IS NOT DISTINCT FROM matches.application
LEFT JOIN parts_of_applications AS matched_parts ON matches.applications[1] = matched_parts.application
